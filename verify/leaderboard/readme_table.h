// The contest README's own leaderboard, held against the folders.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/decimal.h"
#include "verify/leaderboard/board.h"

namespace pg::verify {

// A row of a Markdown table with the columns Run, Score, Author, Date and links.
struct ReadmeRow {
  std::uint32_t line = 0;
  std::string heading;  // the nearest "#" line above the table
  std::string run, author, date;
  std::optional<Decimal> score;  // empty where the cell is no number
  std::vector<std::string> links;
};

// Every row of every such table. Text is as found: escape it.
std::vector<ReadmeRow> read_readme_tables(std::string_view markdown);

struct ReadmeMatch {
  enum class How { link, score_and_author, score, none };
  ReadmeRow listed;
  How how = How::none;
  std::optional<std::size_t> row;  // index into Board::rows
  bool agrees = false;             // the printed score is the one the folder is ranked by, at the printed rounding
  bool as_claimed = false;         // it is the claim of submission.json, at the printed rounding
  std::string remark;              // where it does not agree or no folder was found: what is known
};
const char* to_string(ReadmeMatch::How how);

struct ReadmeComparison {
  std::vector<ReadmeMatch> matches;     // in the README's order
  std::vector<std::size_t> not_listed;  // rows that no line of the tables was matched with
  int found = 0, agreeing = 0;
  int claim_only = 0;    // of those found: not as ranked, but as claimed
  int other_tracks = 0;  // listed rows of other tracks than the one asked for: in no other count
};

// A listed row is the folder that it links to; where it links elsewhere, the folder not linked by any row whose score
// rounds to the printed one and whose author has the same name (letters and digits compared), else the only such folder
// by score alone.
// `track` ("track_10min_16mb"; empty: all): where the board holds one track's folders only, the rows of other tracks
// are left out. A row is of the track that it links to, else of the one that most rows under its heading link to.
ReadmeComparison compare_with_readme(const Board& board, const std::vector<ReadmeRow>& listed,
                                     std::string_view track = "");

}  // namespace pg::verify

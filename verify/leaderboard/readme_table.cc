#include "verify/leaderboard/readme_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxRows = 10'000, kMaxCells = 64, kMaxLinks = 16;

std::vector<std::string_view> cells_of(std::string_view line) {
  line = trim(line);
  std::vector<std::string_view> cells;
  if (line.empty() || line.front() != '|') return cells;
  std::size_t begin = 1;
  for (std::size_t i = 1; i < line.size() && cells.size() < kMaxCells; ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '|') {
      cells.push_back(trim(line.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  if (begin < line.size() && cells.size() < kMaxCells) cells.push_back(trim(line.substr(begin)));
  return cells;
}

bool is_rule(const std::vector<std::string_view>& cells) {
  return !cells.empty() && std::all_of(cells.begin(), cells.end(), [](std::string_view cell) {
    return !cell.empty() && cell.find_first_not_of("-: ") == std::string_view::npos;
  });
}

// Where the columns of a table stand; -1: absent.
struct Columns {
  int run = -1, score = -1, author = -1, date = -1;
  bool complete() const { return run >= 0 && score >= 0; }
};

Columns columns_in(const std::vector<std::string_view>& header) {
  Columns c;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const std::string name = to_lower(header[i]);
    for (const auto& [wanted, column] :
         {std::pair("run", &c.run), {"score", &c.score}, {"author", &c.author}, {"date", &c.date}})
      if (name == wanted) *column = static_cast<int>(i);
  }
  return c;
}

// Targets of "[text](target)" anywhere in the line.
std::vector<std::string> links_in(std::string_view line) {
  std::vector<std::string> out;
  for (std::size_t at = 0; (at = line.find("](", at)) != std::string_view::npos && out.size() < kMaxLinks;) {
    const std::size_t end = line.find(')', at += 2);
    if (end == std::string_view::npos) break;
    out.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

ReadmeRow row_from(const std::vector<std::string_view>& cells, const Columns& columns) {
  const auto cell = [&](int column) {
    return column >= 0 && static_cast<std::size_t>(column) < cells.size() ? cells[static_cast<std::size_t>(column)]
                                                                          : std::string_view();
  };
  ReadmeRow row;
  row.run = cell(columns.run);
  row.author = cell(columns.author);
  row.date = cell(columns.date);
  row.score = parse_decimal(trim(cell(columns.score)));
  return row;
}

std::string letters(std::string_view text) {
  std::string out;
  for (const char c : to_lower(text))
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80)) out += c;
  return out;
}

// "records/track/Name/README.md" or ".../tree/main/records/track/Name" links to the row whose path ends the folder
// part.
bool links_to(std::string_view link, const BoardRow& row) {
  if (row.name.empty()) return false;
  // The track's folder has to agree where both name it.
  const std::string_view path = row.path;
  const std::size_t slash = path.rfind('/');
  std::string_view track = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  track.remove_prefix(track.find_last_of('/') + 1);  // npos + 1 is 0
  for (std::size_t at = 0; (at = link.find(row.name, at)) != std::string_view::npos; ++at) {
    const std::size_t end = at + row.name.size();
    if ((at > 0 && link[at - 1] != '/') || (end < link.size() && link[end] != '/' && link[end] != '#')) continue;
    if (at == 0 || !track.starts_with("track_") || link.substr(0, at - 1).ends_with(track)) return true;
  }
  return false;
}

// The folder of a track that a link goes through: "records/track_x/Name" -> "track_x"; "" where there is none.
std::string linked_track(const ReadmeRow& row) {
  for (const std::string_view link : row.links) {
    const std::size_t at = link.find("/track_");
    if (at == std::string_view::npos) continue;
    const std::string_view rest = link.substr(at + 1);
    return std::string(rest.substr(0, rest.find('/')));
  }
  return "";
}

std::vector<std::string> tracks_of(const std::vector<ReadmeRow>& rows) {
  std::vector<std::string> out;
  std::map<std::string, std::map<std::string, int>> under;  // heading -> track -> rows
  for (const ReadmeRow& row : rows) {
    out.push_back(linked_track(row));
    if (!out.back().empty()) ++under[row.heading][out.back()];
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto known = under.find(rows[i].heading);
    if (!out[i].empty() || known == under.end()) continue;
    out[i] = std::max_element(known->second.begin(), known->second.end(), [](const auto& a, const auto& b) {
               return a.second < b.second;
             })->first;
  }
  return out;
}

class Matcher {
 public:
  Matcher(const Board& board, const std::vector<ReadmeRow>& listed) : board_(board), listed_(listed) {}

  ReadmeComparison run() {
    out_.matches.resize(listed_.size());
    for (std::size_t i = 0; i < listed_.size(); ++i) {
      out_.matches[i].listed = listed_[i];
      follow_link(out_.matches[i]);
    }
    for (ReadmeMatch& match : out_.matches)
      if (!match.row) search(match, true);
    for (ReadmeMatch& match : out_.matches)
      if (!match.row) search(match, false);
    for (ReadmeMatch& match : out_.matches) judge(match);
    for (std::size_t i = 0; i < board_.rows.size(); ++i)
      if (!used_.contains(i)) out_.not_listed.push_back(i);
    return std::move(out_);
  }

 private:
  void take(ReadmeMatch& match, std::size_t row, ReadmeMatch::How how) {
    match.row = row;
    match.how = how;
    used_.insert(row);
  }

  void follow_link(ReadmeMatch& match) {
    for (const std::string& link : match.listed.links)
      for (std::size_t i = 0; i < board_.rows.size(); ++i)
        if (links_to(link, board_.rows[i])) return take(match, i, ReadmeMatch::How::link);
  }

  bool same_score(const ReadmeRow& listed, const BoardRow& row) const {
    return (row.score && agrees_at_rounding(*listed.score, *row.score)) ||
           (row.claimed && agrees_at_rounding(*listed.score, row.claimed->value));
  }

  void search(ReadmeMatch& match, bool by_author) {
    if (!match.listed.score) return;
    std::vector<std::size_t> candidates;
    for (std::size_t i = 0; i < board_.rows.size(); ++i) {
      const BoardRow& row = board_.rows[i];
      if (used_.contains(i) || !same_score(match.listed, row)) continue;
      if (!by_author || (!row.author.empty() && letters(row.author) == letters(match.listed.author)))
        candidates.push_back(i);
    }
    if (candidates.size() == 1)
      take(match, candidates[0], by_author ? ReadmeMatch::How::score_and_author : ReadmeMatch::How::score);
  }

  void judge(ReadmeMatch& match) {
    if (!match.row) {
      match.remark = !match.listed.score ? "the score cell is no number" : "no folder has this score";
      if (!match.listed.links.empty())
        match.remark = fmt::format("links to {}, which is no folder below the root, and {}", match.listed.links[0],
                                   match.listed.score ? "none that is left has this score" : match.remark);
      return;
    }
    ++out_.found;
    const BoardRow& row = board_.rows[*match.row];
    if (!match.listed.score) {
      match.remark = "the score cell is no number";
      return;
    }
    const Decimal& printed = *match.listed.score;
    const bool measured = row.score && agrees_at_rounding(printed, *row.score);
    const bool claimed = row.claimed && agrees_at_rounding(printed, row.claimed->value);
    match.agrees = measured;
    match.as_claimed = claimed;
    out_.agreeing += measured;
    out_.claim_only += !measured && claimed;
    const std::string scored = row.score ? fmt::format("{:.8f}", *row.score) : "no score";
    const std::string claim = row.claimed ? row.claimed->text : "no score";
    if (!measured && !claimed)
      match.remark = fmt::format("the folder's runs give {}, submission.json claims {}", scored, claim);
    else if (!measured)
      match.remark = fmt::format("as claimed; ranked at the {} that its runs give", scored);
    else if (row.claimed && !claimed)
      match.remark = fmt::format("as the folder's runs give; submission.json claims {}", claim);
  }

  const Board& board_;
  const std::vector<ReadmeRow>& listed_;
  std::set<std::size_t> used_;
  ReadmeComparison out_;
};

}  // namespace

const char* to_string(ReadmeMatch::How how) {
  switch (how) {
    case ReadmeMatch::How::link:
      return "link";
    case ReadmeMatch::How::score_and_author:
      return "score_and_author";
    case ReadmeMatch::How::score:
      return "score";
    case ReadmeMatch::How::none:
      return "none";
  }
  return "none";
}

std::vector<ReadmeRow> read_readme_tables(std::string_view markdown) {
  std::vector<ReadmeRow> rows;
  std::string heading;
  std::optional<Columns> table;      // of the table that the current line stands in
  std::optional<Columns> announced;  // the line before was a header row
  std::uint32_t number = 0;
  for (std::size_t begin = 0; begin < markdown.size() && rows.size() < kMaxRows;) {
    const std::size_t end = std::min(markdown.find('\n', begin), markdown.size());
    const std::string_view line = markdown.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    const auto cells = cells_of(line);
    if (cells.empty()) {
      table.reset();
      announced.reset();
      if (line.starts_with('#')) heading = trim(line.substr(std::min(line.find_first_not_of('#'), line.size())));
    } else if (table) {
      rows.push_back(row_from(cells, *table));
      rows.back().line = number;
      rows.back().heading = heading;
      rows.back().links = links_in(line);
    } else if (announced && is_rule(cells)) {
      table = announced;
    } else {
      const Columns columns = columns_in(cells);
      announced = columns.complete() ? std::optional(columns) : std::nullopt;
    }
  }
  return rows;
}

ReadmeComparison compare_with_readme(const Board& board, const std::vector<ReadmeRow>& listed, std::string_view track) {
  if (track.empty()) return Matcher(board, listed).run();
  const auto tracks = tracks_of(listed);
  std::vector<ReadmeRow> own;
  for (std::size_t i = 0; i < listed.size(); ++i)
    if (tracks[i].empty() || tracks[i] == track) own.push_back(listed[i]);
  ReadmeComparison out = Matcher(board, own).run();
  out.other_tracks = static_cast<int>(listed.size() - own.size());
  return out;
}

}  // namespace pg::verify

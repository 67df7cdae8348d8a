#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "verify/leaderboard/board.h"
#include "verify/leaderboard/readme_table.h"

namespace pg::verify {

// Proof that no folder was left out, as the archive command makes it (verify/cli/coverage.h).
struct BoardCoverage {
  std::size_t directories = 0, rows = 0, inside = 0, containers = 0, none = 0;
  std::vector<std::pair<std::string, std::string>> without_row;  // folder and why it is no submission
  std::vector<std::string> links;                                // not followed
  std::vector<std::string> problems;                             // empty: complete
};

// Everything a leaderboard page shows. Nothing in it hangs on the time, the machine or where the root lies.
struct BoardPage {
  Board board;
  BoardCoverage coverage;
  std::optional<ReadmeComparison> readme;
};

// Text of submissions is made safe for the target: control characters and bytes that are no UTF-8 in all of them,
// Markdown's and HTML's own characters in theirs.
std::string board_text(const BoardPage& page);
std::string board_markdown(const BoardPage& page);
std::string board_html(const BoardPage& page);     // one file, no script, nothing loaded from elsewhere
nlohmann::json board_json(const BoardPage& page);  // pgverify/leaderboard/v1

}  // namespace pg::verify

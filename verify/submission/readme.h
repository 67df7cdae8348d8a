#pragma once

#include <string_view>
#include <vector>

#include "verify/submission/submission.h"

namespace pg::verify {

// The bits-per-byte values that a README states for its own submission, in the order they stand: numbers of 3 to 8
// decimals between 0.3 and 5 beside "bpb" on the line, in a table row labelled so or in a column headed so. Differences
// (signed, or called gap, delta, improvement) and numbers that the line gives to something else (a baseline, the
// leaderboard, another pull request, the unquantized model) are left out. The first one is the headline. At most 1,000;
// lines are read to 4 KiB; linear in the text.
std::vector<ReadmeHeadline> readme_scores(std::string_view text);

}  // namespace pg::verify

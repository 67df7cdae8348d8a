#pragma once

#include <vector>

#include "verify/rules/results.h"

namespace pg::verify {

// The other direction of PG-CODE-LOG: a line that the shipped script prints between two lines that a claimed run's log
// has, in the same block and by the same function, and that no claimed log has. At most one result, a warning: a log
// can have been shortened by hand. Empty: nothing found.
std::vector<RuleResult> find_unlogged_lines(const Submission& submission);

}  // namespace pg::verify

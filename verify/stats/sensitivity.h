#pragma once

#include <functional>
#include <span>
#include <vector>

#include "verify/stats/outcome.h"

namespace pg::verify::stats {

// How far a conclusion hangs on one run.
struct LeaveOneOut {
  Outcome outcome;
  double lowest_p = 1, highest_p = 1;
};
inline constexpr std::size_t kMaxLeaveOneOut = 2000;
// p over every way of leaving out one value of either sample; `p_of` gives a negative number where it has none. Needs
// at least 3 values on one side; the work is quadratic, hence the limit.
LeaveOneOut leave_one_out(std::span<const double> new_values, std::span<const double> old_values,
                          const std::function<double(std::span<const double>, std::span<const double>)>& p_of);

}  // namespace pg::verify::stats

#include "verify/stats/sensitivity.h"

#include <fmt/format.h>

#include <algorithm>

namespace pg::verify::stats {
namespace {

std::vector<double> without(std::span<const double> values, std::size_t at) {
  std::vector<double> rest(values.begin(), values.end());
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
  return rest;
}

}  // namespace

LeaveOneOut leave_one_out(std::span<const double> new_values, std::span<const double> old_values,
                          const std::function<double(std::span<const double>, std::span<const double>)>& p_of) {
  LeaveOneOut out;
  if (new_values.size() + old_values.size() > kMaxLeaveOneOut) {
    out.outcome = {Code::too_large, fmt::format("leaving out each of more than {} values", kMaxLeaveOneOut)};
    return out;
  }
  std::vector<double> ps;
  const auto add = [&](double p) {
    if (p >= 0) ps.push_back(p);
  };
  if (new_values.size() > 2)
    for (std::size_t i = 0; i < new_values.size(); ++i) add(p_of(without(new_values, i), old_values));
  if (old_values.size() > 2)
    for (std::size_t i = 0; i < old_values.size(); ++i) add(p_of(new_values, without(old_values, i)));
  if (ps.empty()) {
    out.outcome = {Code::too_few, "no sample has three values, so none can be left out"};
    return out;
  }
  const auto [low, high] = std::minmax_element(ps.begin(), ps.end());
  out.lowest_p = *low;
  out.highest_p = *high;
  return out;
}

}  // namespace pg::verify::stats

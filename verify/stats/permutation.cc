#include "verify/stats/permutation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace pg::verify::stats {
namespace {

// n choose k, or more than kMaxArrangements.
std::uint64_t choose(std::size_t n, std::size_t k) {
  std::uint64_t result = 1;
  for (std::size_t i = 1; i <= std::min(k, n - k); ++i) {
    result = result * (n - i + 1) / i;  // exact: a product of i successive numbers is divisible by i!
    if (result > kMaxArrangements) return kMaxArrangements + 1;
  }
  return result;
}

// How many of the ways to pick `k` of `values` have a sum of at most `limit`.
std::uint64_t count_sums(const std::vector<double>& values, std::size_t k, double limit) {
  std::vector<std::size_t> pick(k);
  for (std::size_t i = 0; i < k; ++i) pick[i] = i;
  std::uint64_t count = 0;
  for (;;) {
    double sum = 0;
    for (const std::size_t i : pick) sum += values[i];
    if (sum <= limit) ++count;
    std::size_t at = k;
    while (at > 0 && pick[at - 1] == values.size() - k + at - 1) --at;
    if (at == 0) return count;
    ++pick[at - 1];
    for (std::size_t i = at; i < k; ++i) pick[i] = pick[i - 1] + 1;
  }
}

void check_reach(PermutationTest& test, const std::string& sizes, double alpha) {
  test.smallest_p = 1.0 / static_cast<double>(test.arrangements);
  if (test.smallest_p > alpha)
    test.outcome = {Code::not_attainable, fmt::format("{} cannot give p below {:.4g} without assuming a distribution, "
                                                      "so the level {:g} is out of reach",
                                                      sizes, test.smallest_p, alpha)};
}

}  // namespace

PermutationTest permutation(std::span<const double> new_values, std::span<const double> old_values, double margin,
                            double alpha) {
  PermutationTest test;
  for (const auto& [values, name] :
       {std::pair(new_values, "the new sample"), std::pair(old_values, "the old sample")}) {
    test.outcome = check_sample(values, 1, name);
    if (!test.outcome) return test;
  }
  const std::size_t n = new_values.size();
  std::vector<double> all(new_values.begin(), new_values.end());
  for (double& v : all) v += margin;
  all.insert(all.end(), old_values.begin(), old_values.end());
  test.arrangements = choose(all.size(), n);
  if (test.arrangements > kMaxArrangements) {
    test.arrangements = 0;
    test.outcome = {Code::too_large, fmt::format("{} v {} has more than {} arrangements; Welch's test serves there", n,
                                                 old_values.size(), kMaxArrangements)};
    return test;
  }
  // About zero, so that the tolerance is relative to the spread and not to the level of the scores.
  const auto [low, high] = std::minmax_element(all.begin(), all.end());
  const double origin = *low, range = *high - *low;
  double observed = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] -= origin;
    if (i < n) observed += all[i];
  }
  test.p = static_cast<double>(count_sums(all, n, observed + 1e-12 * range * static_cast<double>(n))) /
           static_cast<double>(test.arrangements);
  check_reach(test, fmt::format("{} v {} values", n, old_values.size()), alpha);
  return test;
}

PermutationTest sign_flips(std::span<const double> new_values, double bar, double margin, double alpha) {
  PermutationTest test;
  test.outcome = check_sample(new_values, 1, "the new sample");
  if (test.outcome && !(std::isfinite(bar) && std::isfinite(margin)))
    test.outcome = {Code::not_finite, "the bar is no finite number"};
  if (!test.outcome) return test;
  const std::size_t n = new_values.size();
  if (n >= 64 || (std::uint64_t{1} << n) > kMaxArrangements) {
    test.outcome = {Code::too_large, fmt::format("{} values have more than {} sign flips; the t test serves there", n,
                                                 kMaxArrangements)};
    return test;
  }
  test.arrangements = std::uint64_t{1} << n;
  std::vector<double> sizes;
  double observed = 0, range = 0;
  for (const double v : new_values) {
    const double deviation = v - (bar - margin);
    observed += deviation;
    sizes.push_back(std::abs(deviation));
    range += sizes.back();
  }
  std::uint64_t count = 0;
  for (std::uint64_t signs = 0; signs < test.arrangements; ++signs) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += (signs >> i) & 1 ? -sizes[i] : sizes[i];
    count += sum <= observed + 1e-12 * range;
  }
  test.p = static_cast<double>(count) / static_cast<double>(test.arrangements);
  check_reach(test, fmt::format("{} value{} against a bar", n, n == 1 ? "" : "s"), alpha);
  return test;
}

}  // namespace pg::verify::stats

#pragma once

#include <cstdint>
#include <span>

#include "verify/stats/outcome.h"

namespace pg::verify::stats {

// Exact permutation test of the difference of means, one-sided: the share of all ways to deal the values out to two
// samples of these sizes in which the new mean is at most as high as observed. No assumption on the distribution.
struct PermutationTest {
  Outcome outcome;
  double p = 1;
  std::uint64_t arrangements = 0;
  double smallest_p = 1;  // 1 / arrangements: what the best possible data would give (3 v 3: 0.05, 5 v 5: 0.0040)
};

inline constexpr std::uint64_t kMaxArrangements = 5'000'000;

// Sums that differ by less than 1e-12 of the values' range count as equal: the same values summed in another order.
// not_attainable where smallest_p exceeds `alpha` (p is computed all the same), too_large above kMaxArrangements.
PermutationTest permutation(std::span<const double> new_values, std::span<const double> old_values, double margin,
                            double alpha);

// The exact one-sample counterpart against a fixed bar: the share of all 2^n ways to give the deviations from
// bar - margin their signs in which the mean is at most as low as observed. Assumes that the scores scatter
// symmetrically about their mean, and nothing else. Outcomes as above; 5 values give p 0.031 at best, 7 give 0.0078.
PermutationTest sign_flips(std::span<const double> new_values, double bar, double margin, double alpha);

}  // namespace pg::verify::stats

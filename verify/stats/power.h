#pragma once

#include <cstddef>
#include <optional>

namespace pg::verify::stats {

// Planning of a one-sided comparison of n_new with n_old runs whose standard deviation is taken to be `sigma`. The test
// is a t test: of two samples (n_new + n_old - 2 degrees of freedom), or with n_old = 0 of one sample against a fixed
// bar (n_new - 1); with known_sigma it is the z test of either. Gains are beyond the margin, positive, in sigma's unit.
// Empty where the sizes or levels allow no answer (no degree of freedom, sigma not positive, levels outside (0, 1)).
struct Design {
  std::size_t n_new = 0, n_old = 0;
  double sigma = 0;
  double alpha = 0.01;
  bool known_sigma = false;
};

// The smallest observed gain that reaches the level: t_{1-alpha} * sigma * sqrt(1/n_new + 1/n_old), without the last
// term for a bar and with the normal quantile for a known sigma. A true gain of this size is found half of the time.
std::optional<double> critical_gain(const Design& design);

// The probability that a true gain is found (non-central t; normal for a known sigma).
std::optional<double> power(const Design& design, double gain);

// Minimum detectable gain: the smallest true gain that is found with probability `wanted`.
std::optional<double> detectable_gain(const Design& design, double wanted);

// The fewest runs that find a true gain with probability `wanted`: of both sides alike (design.n_new and n_old do not
// count; empty for a bar, n_old = 0), and of the new side where the old side stays at design.n_old. Empty where `limit`
// runs are not enough (the old side's own uncertainty may forbid it).
inline constexpr std::size_t kMaxSeeds = 1000;
std::optional<std::size_t> seeds_needed_each(const Design& design, double gain, double wanted,
                                             std::size_t limit = kMaxSeeds);
std::optional<std::size_t> seeds_needed_new(const Design& design, double gain, double wanted,
                                            std::size_t limit = kMaxSeeds);

}  // namespace pg::verify::stats

#include "verify/stats/power.h"

#include <boost/math/distributions/non_central_t.hpp>
#include <cmath>

#include "verify/stats/boost_policy.h"
#include "verify/stats/t_test.h"

namespace pg::verify::stats {
namespace {

using NonCentralT = boost::math::non_central_t_distribution<double, BoostPolicy>;

bool is_share(double p) {
  return p > 0 && p < 1;
}

bool usable(const Design& d) {
  return d.n_new >= 1 && d.n_old >= 1 && d.n_new + d.n_old >= 3 && d.sigma > 0 && std::isfinite(d.sigma) &&
         is_share(d.alpha);
}

double df_of(const Design& d) {
  return static_cast<double>(d.n_new + d.n_old - 2);
}

double error_of(const Design& d) {
  return d.sigma * std::sqrt(1.0 / static_cast<double>(d.n_new) + 1.0 / static_cast<double>(d.n_old));
}

// P(T' > critical value), T' non-central with `shift` standard errors.
std::optional<double> power_at(double df, double alpha, double shift) {
  const double critical = -t_quantile(alpha, df);
  const double p = boost::math::cdf(boost::math::complement(NonCentralT(df, shift), critical));
  if (!std::isfinite(p)) return std::nullopt;
  return std::min(1.0, std::max(0.0, p));
}

// The smallest n in [low, limit] with enough(n), which is monotone; doubling, then halving.
std::optional<std::size_t> smallest(std::size_t low, std::size_t limit, const auto& enough) {
  if (low > limit) return std::nullopt;
  std::size_t high = low;
  while (!enough(high)) {
    if (high == limit) return std::nullopt;
    low = high + 1;
    high = std::min(limit, 2 * high);
  }
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (enough(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return high;
}

}  // namespace

std::optional<double> critical_gain(const Design& d) {
  if (!usable(d)) return std::nullopt;
  const double gain = -t_quantile(d.alpha, df_of(d)) * error_of(d);
  return std::isfinite(gain) ? std::optional(gain) : std::nullopt;
}

std::optional<double> power(const Design& d, double gain) {
  if (!usable(d) || !std::isfinite(gain)) return std::nullopt;
  return power_at(df_of(d), d.alpha, gain / error_of(d));
}

std::optional<double> detectable_gain(const Design& d, double wanted) {
  if (!usable(d) || !is_share(wanted) || wanted <= d.alpha) return std::nullopt;
  const double df = df_of(d);
  double low = 0, high = 1;
  for (;; high *= 2) {
    const auto p = power_at(df, d.alpha, high);
    if (!p || high > 1e9) return std::nullopt;
    if (*p >= wanted) break;
  }
  for (int i = 0; i < 200 && high - low > 1e-15 * high; ++i) {
    const double middle = (low + high) / 2;
    const auto p = power_at(df, d.alpha, middle);
    if (!p) return std::nullopt;
    (*p >= wanted ? high : low) = middle;
  }
  return high * error_of(d);
}

std::optional<std::size_t> seeds_needed_each(double gain, double sigma, double alpha, double wanted,
                                             std::size_t limit) {
  if (!(gain > 0) || !is_share(wanted) || !usable({2, 2, sigma, alpha})) return std::nullopt;
  return smallest(2, limit, [&](std::size_t n) { return power({n, n, sigma, alpha}, gain).value_or(0) >= wanted; });
}

std::optional<std::size_t> seeds_needed_new(const Design& d, double gain, double wanted, std::size_t limit) {
  if (!(gain > 0) || !is_share(wanted) || !usable({2, d.n_old, d.sigma, d.alpha})) return std::nullopt;
  return smallest(2, limit, [&](std::size_t n) {
    return power({n, d.n_old, d.sigma, d.alpha}, gain).value_or(0) >= wanted;
  });
}

}  // namespace pg::verify::stats

#include "verify/stats/power.h"

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>

#include "verify/stats/boost_policy.h"
#include "verify/stats/t_test.h"

namespace pg::verify::stats {
namespace {

using NonCentralT = boost::math::non_central_t_distribution<double, BoostPolicy>;
using Normal = boost::math::normal_distribution<double, BoostPolicy>;

bool is_share(double p) {
  return p > 0 && p < 1;
}

double df_of(const Design& d) {
  if (d.known_sigma) return std::numeric_limits<double>::infinity();
  return static_cast<double>(d.n_new + d.n_old) - (d.n_old == 0 ? 1 : 2);
}

bool usable(const Design& d) {
  return d.n_new >= 1 && df_of(d) >= 1 && d.sigma > 0 && std::isfinite(d.sigma) && is_share(d.alpha);
}

double error_of(const Design& d) {
  const double old_share = d.n_old == 0 ? 0 : 1.0 / static_cast<double>(d.n_old);
  return d.sigma * std::sqrt(1.0 / static_cast<double>(d.n_new) + old_share);
}

// P(T' > critical value), T' non-central with `shift` standard errors.
std::optional<double> power_at(double df, double alpha, double shift) {
  const double critical = -t_quantile(alpha, df);
  const double p = std::isinf(df) ? boost::math::cdf(Normal(0, 1), shift - critical)
                                  : boost::math::cdf(boost::math::complement(NonCentralT(df, shift), critical));
  if (!std::isfinite(p)) return std::nullopt;
  return std::min(1.0, std::max(0.0, p));
}

// What the tests themselves ask of a side: two runs for a spread, one where it is known.
std::size_t fewest(const Design& d) {
  return d.known_sigma ? 1 : 2;
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

std::optional<std::size_t> seeds_needed_each(const Design& design, double gain, double wanted, std::size_t limit) {
  Design d = design;
  const auto with = [&](std::size_t n) {
    d.n_new = d.n_old = n;
    return d;
  };
  if (design.n_old == 0 || !(gain > 0) || !is_share(wanted) || !usable(with(2))) return std::nullopt;
  return smallest(fewest(d), limit, [&](std::size_t n) { return power(with(n), gain).value_or(0) >= wanted; });
}

std::optional<std::size_t> seeds_needed_new(const Design& design, double gain, double wanted, std::size_t limit) {
  Design d = design;
  const auto with = [&](std::size_t n) {
    d.n_new = n;
    return d;
  };
  if (!(gain > 0) || !is_share(wanted) || !usable(with(2))) return std::nullopt;
  return smallest(fewest(d), limit, [&](std::size_t n) { return power(with(n), gain).value_or(0) >= wanted; });
}

}  // namespace pg::verify::stats

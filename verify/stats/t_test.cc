#include "verify/stats/t_test.h"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include "verify/stats/boost_policy.h"

namespace pg::verify::stats {
namespace {

using boost::math::cdf;
using boost::math::quantile;
using StudentsT = boost::math::students_t_distribution<double, BoostPolicy>;
using Normal = boost::math::normal_distribution<double, BoostPolicy>;

// Quantiles from the smaller tail: 1 - p is exact for p in [0.5, 1], so nothing is lost.
double symmetric_quantile(double p, const auto& distribution) {
  return p > 0.5 ? -quantile(distribution, 1 - p) : quantile(distribution, p);
}

double lower_tail(double t, double df) {
  return std::isinf(df) ? cdf(Normal(0, 1), t) : cdf(StudentsT(df), t);
}

// t and p from delta, standard_error and df.
TTest finished(TTest test, double margin, Tail tail) {
  test.t = (test.delta + margin) / test.standard_error;
  test.p = tail == Tail::lower   ? lower_tail(test.t, test.df)
           : tail == Tail::upper ? lower_tail(-test.t, test.df)
                                 : 2 * lower_tail(-std::abs(test.t), test.df);
  if (!std::isfinite(test.t) || std::isnan(test.df) || !std::isfinite(test.p))
    test.outcome = {Code::not_finite, "the test statistic is no finite number"};
  return test;
}

TTest refused(Outcome outcome) {
  TTest test;
  test.outcome = std::move(outcome);
  return test;
}

// `old_share`: 1 / n of the old side, 0 for a bar.
TTest z_test(std::span<const double> new_values, double old_mean, double old_share, double sigma, double margin) {
  if (!(sigma > 0) || !std::isfinite(sigma) || !std::isfinite(margin))
    return refused({Code::not_finite, "a fixed standard deviation has to be a positive number"});
  TTest test;
  test.delta = moments(new_values).mean - old_mean;
  test.standard_error = sigma * std::sqrt(1.0 / static_cast<double>(new_values.size()) + old_share);
  test.df = std::numeric_limits<double>::infinity();
  return finished(test, margin, Tail::lower);
}

}  // namespace

TTest welch(std::span<const double> new_values, std::span<const double> old_values, double margin, Tail tail) {
  if (Outcome o = check_sample(new_values, 2, "the new sample"); !o) return refused(std::move(o));
  if (Outcome o = check_sample(old_values, 2, "the old sample"); !o) return refused(std::move(o));
  if (!std::isfinite(margin)) return refused({Code::not_finite, "the margin is no finite number"});
  const Moments a = moments(new_values), b = moments(old_values);
  const double n = static_cast<double>(a.n), m = static_cast<double>(b.n);
  // In units of the larger deviation, so that squares of small spreads do not underflow.
  const double scale = std::max(a.sd, b.sd);
  const double va = (a.sd / scale) * (a.sd / scale) / n, vb = (b.sd / scale) * (b.sd / scale) / m;
  TTest test;
  test.delta = a.mean - b.mean;
  test.standard_error = scale * std::sqrt(va + vb);
  test.df = (va + vb) * (va + vb) / (va * va / (n - 1) + vb * vb / (m - 1));
  return finished(test, margin, tail);
}

TTest one_sample(std::span<const double> new_values, double bar, double margin, Tail tail) {
  if (Outcome o = check_sample(new_values, 2, "the new sample"); !o) return refused(std::move(o));
  if (!std::isfinite(bar) || !std::isfinite(margin)) return refused({Code::not_finite, "the bar is no finite number"});
  const Moments a = moments(new_values);
  TTest test;
  test.delta = a.mean - bar;
  test.standard_error = a.sd / std::sqrt(static_cast<double>(a.n));
  test.df = static_cast<double>(a.n) - 1;
  return finished(test, margin, tail);
}

TTest fixed_sigma(std::span<const double> new_values, std::span<const double> old_values, double sigma, double margin) {
  if (Outcome o = check_sample(new_values, 1, "the new sample"); !o) return refused(std::move(o));
  if (Outcome o = check_sample(old_values, 1, "the old sample"); !o) return refused(std::move(o));
  return z_test(new_values, moments(old_values).mean, 1.0 / static_cast<double>(old_values.size()), sigma, margin);
}

TTest fixed_sigma(std::span<const double> new_values, double bar, double sigma, double margin) {
  if (Outcome o = check_sample(new_values, 1, "the new sample"); !o) return refused(std::move(o));
  if (!std::isfinite(bar)) return refused({Code::not_finite, "the bar is no finite number"});
  return z_test(new_values, bar, 0, sigma, margin);
}

double t_quantile(double probability, double df) {
  return std::isinf(df) ? symmetric_quantile(probability, Normal(0, 1))
                        : symmetric_quantile(probability, StudentsT(df));
}

double upper_bound(const TTest& test, double alpha) {
  return test.delta - t_quantile(alpha, test.df) * test.standard_error;
}

Interval confidence_interval(const TTest& test, double level) {
  const double half = -t_quantile((1 - level) / 2, test.df) * test.standard_error;
  return {test.delta - half, test.delta + half};
}

}  // namespace pg::verify::stats

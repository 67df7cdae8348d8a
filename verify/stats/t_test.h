#pragma once

#include <span>

#include "verify/stats/outcome.h"

namespace pg::verify::stats {

// Lower scores are better. lower: "the new mean lies more than `margin` below the old one"; upper: "... does not lie so
// far below"; two_sided: "the difference is not -margin".
enum class Tail { lower, upper, two_sided };

// A test of a difference. Numbers hold only where outcome is ok.
struct TTest {
  Outcome outcome;
  double delta = 0;           // mean(new) - mean(old), or - bar; negative: better
  double standard_error = 0;  // of delta
  double t = 0;               // (delta + margin) / standard_error
  double df = 0;              // degrees of freedom; infinite for the z test
  double p = 1;
};

// Welch's t test (unequal variances, Satterthwaite's degrees of freedom). One-sided null hypothesis: the new mean is at
// least the old mean minus `margin`. Same unit throughout. Agrees with scipy.stats.ttest_ind(new + margin, old,
// equal_var=False, alternative="less") and R's t.test.
TTest welch(std::span<const double> new_values, std::span<const double> old_values, double margin = 0,
            Tail tail = Tail::lower);

// One-sample t test against a fixed bar: mean(new) below bar - margin. The bar's own uncertainty is not counted, so
// against a measured incumbent this says more than the data do.
TTest one_sample(std::span<const double> new_values, double bar, double margin = 0, Tail tail = Tail::lower);

// z test with a standard deviation known beforehand (modded-nanogpt's track 3); an `old` of one value is enough.
TTest fixed_sigma(std::span<const double> new_values, std::span<const double> old_values, double sigma,
                  double margin = 0);
// The same against a fixed bar, which has no uncertainty: the standard error is sigma / sqrt(n).
TTest fixed_sigma(std::span<const double> new_values, double bar, double sigma, double margin = 0);

// A confidence bound of delta: with probability 1 - alpha the true difference lies below it. `test` has to be ok.
double upper_bound(const TTest& test, double alpha);

struct Interval {
  double low = 0, high = 0;
};
// Two-sided, e.g. level 0.99.
Interval confidence_interval(const TTest& test, double level);

// The quantile of Student's t (the normal's where df is infinite): P(T < result) = probability.
double t_quantile(double probability, double df);

}  // namespace pg::verify::stats

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/report/report.h"
#include "verify/report/svg.h"

namespace pg::verify {

// The drawings of the HTML page as <figure> elements; "" where the report has nothing to draw.

// Model and code against the limit: the whole, and the last stretch before the limit enlarged, then every reading.
std::string size_figure(const Report& report);
// One dot per claimed run, their mean with its 95 % interval (Student's t, n - 1), the claimed score as a line.
std::string seeds_figure(const Report& report);
// Training, what the log times between, and evaluation of each claimed run against the limits.
std::string times_figure(const Report& report);
// Training and validation loss over the steps of the claimed runs (html_curve.cc).
std::string curve_figure(const Report& report);

// Two-sided 95 % quantile of Student's t; infinity below one degree of freedom.
double t_quantile_95(int degrees_of_freedom);

// Drawings are this wide, their labels end at kChartLeft.
inline constexpr double kChartWidth = 880, kChartLeft = 220, kChartRight = 860;

// A <figure>; all three are markup already.
std::string figure(std::string_view title, std::string_view caption, std::string_view drawing);
// A horizontal axis at `y` with about `wanted` ticks; label(value, step) names one.
void x_axis(Svg& svg, const Scale& x, double y, int wanted, const std::function<std::string(double, double)>& label);

// A claimed run's name for a chart: "seed 42", else its log.
std::string run_label(const Submission& submission, const SubmittedRun& run);
// The runs a chart shows: the claimed ones, at most `max`.
std::vector<const SubmittedRun*> charted_runs(const Submission& submission, std::size_t max);

}  // namespace pg::verify

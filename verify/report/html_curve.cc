#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/base/text.h"
#include "verify/report/html_charts.h"
#include "verify/submission/roles.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxCurves = 6;  // more lines over each other show nothing
constexpr double kLeft = 60, kTop = 24, kBottom = 270;

struct Curve {
  std::vector<LossPoint> train, val;
};

// Sorted by step: a hostile log may print them in any order.
std::vector<LossPoint> sorted(std::vector<LossPoint> points) {
  std::erase_if(
      points, [](const LossPoint& p) { return p.step < 0 || p.step > 1'000'000'000 || p.value < 0 || p.value > 100; });
  std::stable_sort(points.begin(), points.end(),
                   [](const LossPoint& a, const LossPoint& b) { return a.step < b.step; });
  return points;
}

std::vector<Curve> curves_of(const Submission& s) {
  std::vector<Curve> curves;
  for (const SubmittedRun* run : charted_runs(s, kMaxCurves)) {
    const LogRun& log = training_of(s, *run);
    Curve curve{sorted(log.train_loss_curve.points()), sorted(log.val_loss_curve.points())};
    if (curve.train.size() + curve.val.size() >= 2) curves.push_back(std::move(curve));
  }
  return curves;
}

// The values of a curve from a step on.
void widen(const std::vector<LossPoint>& points, std::int64_t from, double& lo, double& hi) {
  for (const LossPoint& p : points) {
    if (p.step < from) continue;
    lo = std::min(lo, p.value);
    hi = std::max(hi, p.value);
  }
}

// From the first point within the scale on: the fall of the first steps would flatten all that follows.
std::string path_of(const std::vector<LossPoint>& points, const Scale& x, const Scale& y) {
  std::string d;
  for (const LossPoint& p : points) {
    if (p.value > y.hi) {
      if (!d.empty()) d += fmt::format("L{} {}", Svg::number(x(static_cast<double>(p.step))), Svg::number(kTop));
      continue;
    }
    d += fmt::format("{}{} {}", d.empty() ? "M" : "L", Svg::number(x(static_cast<double>(p.step))),
                     Svg::number(y(p.value)));
  }
  return d;
}

void draw_y_axis(Svg& svg, const Scale& y) {
  const double step = tick_step(y.hi - y.lo, 5);
  for (double at = std::ceil(y.lo / step) * step; at <= y.hi; at += step) {
    svg.line(kLeft, y(at), kChartRight, y(at), "axis");
    svg.text(kLeft - 8, y(at) + 4, fmt::format("{:.{}f}", at, step < 0.1 ? 2 : 1), "s", "end");
  }
}

void draw_legend(Svg& svg) {
  svg.text(0, 14, "nats per token", "s");
  svg.line(kChartRight - 280, 10, kChartRight - 256, 10, "train");
  svg.text(kChartRight - 250, 14, "training loss", "s");
  svg.line(kChartRight - 150, 10, kChartRight - 126, 10, "val");
  svg.text(kChartRight - 120, 14, "validation loss", "s");
}

}  // namespace

std::string curve_figure(const Report& report) {
  const std::vector<Curve> curves = curves_of(report.submission);
  std::int64_t last = 0;
  for (const Curve& curve : curves)
    for (const auto* points : {&curve.train, &curve.val})
      if (!points->empty()) last = std::max(last, points->back().step);
  if (last == 0) return "";
  double lo = std::numeric_limits<double>::infinity(), hi = -lo;
  for (const Curve& curve : curves)
    for (const auto* points : {&curve.train, &curve.val}) widen(*points, last / 20, lo, hi);
  if (!(hi >= lo)) return "";
  const double room = std::max((hi - lo) * 0.06, 1e-3);
  const Scale x{0, static_cast<double>(last), kLeft, kChartRight}, y{lo - room, hi + room, kBottom, kTop};
  Svg svg(kChartWidth, kBottom + 28, "training and validation loss over the steps");
  draw_legend(svg);
  draw_y_axis(svg, y);
  for (const Curve& curve : curves) {
    if (const std::string d = path_of(curve.train, x, y); !d.empty()) svg.path(d, "train");
    if (const std::string d = path_of(curve.val, x, y); !d.empty()) svg.path(d, "val");
    for (const LossPoint& p : curve.val)
      if (p.value <= y.hi && curve.val.size() <= 40)
        svg.dot(x(static_cast<double>(p.step)), y(p.value), 3, "fb", fmt::format("step {}: {:.4f}", p.step, p.value));
  }
  x_axis(svg, x, kBottom, 8, [](double step, double) { return with_commas(std::llround(step)); });
  std::string caption =
      fmt::format("Of {} claimed run{}, from the step lines of the log", curves.size(), curves.size() == 1 ? "" : "s");
  caption += fmt::format(
      " (at most {} points each); the first {} steps are cut where they lie above the rest. The evaluation that the "
      "claim rests on is another one.",
      LossCurve::kMaxPoints, with_commas(last / 20));
  return figure("Loss", caption, svg.take());
}

}  // namespace pg::verify

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "reference/base/text.h"
#include "verify/report/escape.h"
#include "verify/report/html_charts.h"
#include "verify/report/statistics.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxDots = 12;

struct Dot {
  std::string label, text;
  double bpb;
};

// What the drawing shows beside the dots.
struct Marks {
  std::optional<double> mean, half;  // of the interval
  const Decimal* claimed = nullptr;
  // What the mean has to lie below to beat a baseline: its mean less the margin of the reading that decides.
  std::optional<double> bar;
  std::string bar_note;  // markup
};

// The lowest bar of the report's baselines, as the statistics used it.
void add_bar(const Report& report, double near, Marks& marks) {
  for (const Significance& s : comparisons(report)) {
    const ReadingOutcome& r = s.deciding();
    if (!r.outcome || !r.margin) continue;
    const double bar = s.old_moments.mean - *r.margin;
    if (!std::isfinite(bar) || std::abs(bar - near) >= 1 || (marks.bar && *marks.bar <= bar)) continue;
    marks.bar = bar;
    marks.bar_note =
        escape_markup(fmt::format(" To beat: the mean {:.6f} of {} less the margin {:g} {} of the reading \"{}\", "
                                  "which also asks for p below {:g}.",
                                  s.old_moments.mean, escape_line(s.old_sample.name, 80), r.reading.margin,
                                  to_string(r.reading.unit), escape_line(r.reading.name, 40), r.reading.alpha));
  }
}

std::vector<Dot> dots_of(const Submission& s) {
  std::vector<Dot> dots;
  for (const SubmittedRun* run : charted_runs(s, std::numeric_limits<std::size_t>::max())) {
    const auto& bpb = s.last_run(*run).val_bpb;
    if (bpb && std::isfinite(bpb->value) && dots.size() < kMaxDots)
      dots.push_back({run_label(s, *run), escape_line(bpb->text, 20), bpb->value});
  }
  return dots;
}

Marks marks_of(const Report& report, double near) {
  const Submission& s = report.submission;
  Marks marks;
  add_bar(report, near, marks);
  const auto& r = s.recomputed;
  if (r.n >= 2 && r.mean_bpb && r.std_bpb && std::isfinite(*r.mean_bpb) && std::isfinite(*r.std_bpb)) {
    marks.mean = *r.mean_bpb;
    marks.half = t_quantile_95(r.n - 1) * *r.std_bpb / std::sqrt(r.n);
  }
  const auto& claimed = s.metadata.val_bpb;
  if (claimed && std::isfinite(claimed->value) && std::abs(claimed->value - near) < 1) marks.claimed = &*claimed;
  return marks;
}

Scale scale_of(const std::vector<Dot>& dots, const Marks& marks) {
  double lo = dots[0].bpb, hi = lo;
  const auto widen = [&](double value) {
    lo = std::min(lo, value);
    hi = std::max(hi, value);
  };
  for (const Dot& dot : dots) widen(dot.bpb);
  if (marks.claimed != nullptr) widen(marks.claimed->value);
  if (marks.bar) widen(*marks.bar);
  if (marks.mean) widen(*marks.mean - *marks.half);
  if (marks.mean) widen(*marks.mean + *marks.half);
  const double pad = std::max((hi - lo) * 0.08, 1e-5);
  return {lo - pad, hi + pad, kChartLeft + 90, kChartRight};
}

std::string drawing(const std::vector<Dot>& dots, const Marks& marks) {
  const Scale x = scale_of(dots, marks);
  const double top = marks.bar ? 14 : 0;  // room for the second label
  const double bottom = 34 + top + 26 * (static_cast<double>(dots.size()) + (marks.mean ? 1 : 0));
  Svg svg(kChartWidth, bottom + 30, "bits per byte of each claimed run");
  double y = 40 + top;
  for (const Dot& dot : dots) {
    svg.text(0, y + 4, dot.label);
    svg.text(kChartLeft + 60, y + 4, dot.text, "s", "end");
    svg.line(x.from, y, x.to, y, "axis");
    svg.dot(x(dot.bpb), y, 5, "fa", dot.label + ": " + dot.text);
    y += 26;
  }
  if (marks.mean) {
    svg.text(0, y + 4, "mean, 95 % interval", "m");
    svg.text(kChartLeft + 60, y + 4, fmt::format("{:.6f}", *marks.mean), "s", "end");
    svg.line(x(*marks.mean - *marks.half), y, x(*marks.mean + *marks.half), y, "spread");
    for (const double end : {-*marks.half, *marks.half})
      svg.line(x(*marks.mean + end), y - 5, x(*marks.mean + end), y + 5, "spread");
    svg.bar(x(*marks.mean) - 2, y - 7, 4, 14, "fb", "mean");
  }
  if (marks.claimed != nullptr) {
    const double at = x(marks.claimed->value);
    const bool right = at > (x.from + x.to) / 2;
    svg.line(at, 18, at, bottom, "claim");
    svg.text(at + (right ? -4 : 4), 14, "claimed " + escape_line(marks.claimed->text, 20), "s",
             right ? "end" : "start");
  }
  if (marks.bar) {
    const double at = x(*marks.bar);
    const bool right = at > (x.from + x.to) / 2;
    svg.line(at, 32, at, bottom, "limit");
    svg.text(at + (right ? -4 : 4), 28, fmt::format("to beat {:.6f}", *marks.bar), "s", right ? "end" : "start");
  }
  x_axis(svg, x, bottom, 5, [](double value, double step) {
    return fmt::format("{:.{}f}", value, std::clamp(static_cast<int>(std::ceil(-std::log10(step))), 0, 8));
  });
  return svg.take();
}

}  // namespace

double t_quantile_95(int df) {
  // Tables of the distribution (0.975 quantile), exact to the digits given; beyond them the series in 1/df
  // (Abramowitz and Stegun 26.7.5) is good to 5e-4.
  constexpr std::array<double, 10> kTable = {12.7062, 4.3027, 3.1824, 2.7764, 2.5706,
                                             2.4469,  2.3646, 2.3060, 2.2622, 2.2281};
  if (df < 1) return std::numeric_limits<double>::infinity();
  if (df <= static_cast<int>(kTable.size())) return kTable[static_cast<std::size_t>(df - 1)];
  const double z = 1.959964, n = df;
  const double first = (std::pow(z, 3) + z) / 4, second = (5 * std::pow(z, 5) + 16 * std::pow(z, 3) + 3 * z) / 96,
               third = (3 * std::pow(z, 7) + 19 * std::pow(z, 5) + 17 * std::pow(z, 3) - 15 * z) / 384;
  return z + first / n + second / (n * n) + third / (n * n * n);
}

std::string seeds_figure(const Report& report) {
  const Submission& s = report.submission;
  const std::vector<Dot> dots = dots_of(s);
  if (dots.empty()) return "";
  const Marks marks = marks_of(report, dots[0].bpb);
  const int n = s.recomputed.n, drawn = static_cast<int>(dots.size());
  std::string caption = "One dot per claimed run, as its log prints it; lower is better.";
  if (marks.mean)
    caption += fmt::format(" Interval of the mean over {} runs: Student's t, {} degree{} of freedom.", n, n - 1,
                           n == 2 ? "" : "s");
  caption += marks.bar_note;
  if (drawn < n) caption += fmt::format(" {} more runs are not drawn.", n - drawn);
  if (n == 1) caption += " One run says nothing about the spread over seeds.";
  return figure("Seeds", caption, drawing(dots, marks));
}

}  // namespace pg::verify

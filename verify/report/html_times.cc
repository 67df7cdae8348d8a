#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reference/base/text.h"
#include "verify/report/html_charts.h"
#include "verify/submission/roles.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxRows = 12;

struct Row {
  std::string label;
  double train = 0, between = 0, eval = 0;  // seconds; 0 where the log does not say
  double longest() const { return std::max(train + between, eval); }
};

double seconds(const std::optional<std::int64_t>& ms) {
  return static_cast<double>(ms.value_or(0)) / 1000;
}

std::vector<Row> rows_of(const Submission& s) {
  std::vector<Row> rows;
  for (const SubmittedRun* run : charted_runs(s, kMaxRows)) {
    const LogRun& training = training_of(s, *run);
    Row row{run_label(s, *run), seconds(training.train_time_ms.value), artifact_seconds(training),
            seconds(s.last_run(*run).eval_time_ms)};
    if (row.train > 0 || row.eval > 0) rows.push_back(std::move(row));
  }
  return rows;
}

void draw_legend(Svg& svg) {
  constexpr std::pair<const char*, std::string_view> kLegend[] = {
      {"fa", "training"}, {"fc", "producing the artifact"}, {"fb", "evaluation"}};
  double at = kChartLeft;
  for (const auto& [css_class, name] : kLegend) {
    svg.bar(at, 4, 12, 12, css_class);
    svg.text(at + 17, 14, name, "s");
    at += 40 + 6.5 * static_cast<double>(name.size());
  }
}

void draw_row(Svg& svg, const Scale& x, double y, const Row& row) {
  const std::string between = row.between > 0 ? fmt::format(" + {:.1f} s", row.between) : "";
  svg.text(0, y + 10, row.label, "m");
  svg.text(kChartLeft - 10, y + 10, row.train > 0 ? fmt::format("{:.1f} s{}", row.train, between) : "not logged", "s",
           "end");
  svg.text(kChartLeft - 10, y + 26, row.eval > 0 ? fmt::format("{:.1f} s", row.eval) : "not logged", "s", "end");
  const auto bar = [&](double from, double length, double top, const char* css_class, const char* name) {
    if (length > 0) svg.bar(x(from), top, x(length) - x(0), 12, css_class, fmt::format("{} {:.3f} s", name, length));
  };
  bar(0, row.train, y, "fa", "training");
  bar(row.train, row.between, y, "fc", "producing the artifact");
  bar(0, row.eval, y + 15, "fb", "evaluation");
}

void draw_limits(Svg& svg, const Scale& x, double train, double eval, double bottom) {
  const auto limit = [&](double at, double y, const std::string& name) {
    svg.line(x(at), 22, x(at), bottom, "limit");
    svg.text(x(at) - 4, y, fmt::format("{} {:g} s", name, at), "k", "end");
  };
  if (train == eval) return limit(train, 31, "limit of each");
  limit(train, 31, "training limit");
  limit(eval, 19, "evaluation limit");
}

}  // namespace

std::string times_figure(const Report& report) {
  const Submission& s = report.submission;
  const std::vector<Row> rows = rows_of(s);
  if (rows.empty()) return "";
  const double train_limit = seconds(report.policy.train_limit_ms), eval_limit = seconds(report.policy.eval_limit_ms);
  double longest = std::max(train_limit, eval_limit);
  for (const Row& row : rows) longest = std::max(longest, row.longest());
  const Scale x{0, longest * 1.03, kChartLeft, kChartRight};
  const double bottom = 44 + 40 * static_cast<double>(rows.size());
  Svg svg(kChartWidth, bottom + 28, "training and evaluation times of each claimed run");
  draw_legend(svg);
  double y = 40;
  for (const Row& row : rows) {
    draw_row(svg, x, y, row);
    y += 40;
  }
  draw_limits(svg, x, train_limit, eval_limit, bottom);
  x_axis(svg, x, bottom, 8, [](double second, double) { return fmt::format("{:g} s", second); });
  const bool binding = s.track.empty() || s.is_record_track();
  return figure(
      "Times",
      binding
          ? "As the logs print them. Calibration, quantization and compression stand behind training where a log times "
            "them; whether they count as training is disputed."
          : "As the logs print them; the limits bind the record track only.",
      svg.take());
}

}  // namespace pg::verify

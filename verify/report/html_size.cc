#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "reference/base/text.h"
#include "verify/report/escape.h"
#include "verify/report/html_charts.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

// What the waterfall stacks, of the run that has the size that decides.
struct Parts {
  std::int64_t total = 0;
  std::optional<std::int64_t> model;
};

std::optional<Parts> parts_of(const Report& report) {
  const Submission& s = report.submission;
  const SizeConvention convention = report.policy.size_convention;
  const auto deciding = size_table(s).under(convention);
  if (!deciding || deciding->bytes < 0) return std::nullopt;
  Parts parts{deciding->bytes, std::nullopt};
  for (const SubmittedRun* run : charted_runs(s, std::numeric_limits<std::size_t>::max())) {
    const auto size = size_under(s, *run, convention);
    if (!size || size->bytes != parts.total) continue;
    const SubmittedRun& sized = sized_run(s, *run);
    const auto model = model_bytes(s.last_run(sized));
    if (model && *model >= 0 && *model <= parts.total) parts.model = model;
    break;
  }
  if (!parts.model && s.metadata.bytes_model && *s.metadata.bytes_model >= 0 && *s.metadata.bytes_model <= parts.total)
    parts.model = *s.metadata.bytes_model;
  return parts;
}

struct Step {
  std::string label;
  double from, to;
  const char* css_class;
};

std::string size_drawing(const Report& report, const Parts& parts) {
  const double limit = static_cast<double>(report.policy.limit_bytes), total = static_cast<double>(parts.total);
  const double model = static_cast<double>(parts.model.value_or(0));
  std::vector<Step> steps;
  if (parts.model) {
    steps.push_back({"model " + with_commas(*parts.model), 0, model, "fa"});
    steps.push_back({"code " + with_commas(parts.total - *parts.model), model, total, "fb"});
  } else {
    steps.push_back({"total " + with_commas(parts.total), 0, total, "fa"});
  }
  const std::int64_t left = report.policy.limit_bytes - parts.total;
  if (left >= 0)
    steps.push_back({"left " + with_commas(left), total, limit, "ff"});
  else
    steps.push_back({"over by " + with_commas(-left), limit, total, "fbad"});
  Svg svg(kChartWidth, 126 + 26 * static_cast<double>(steps.size()),
          "bytes against the limit: " + size_margin(parts.total, report.policy.limit_bytes));
  const Scale all{0, std::max(limit, total) * 1.02, kChartLeft, kChartRight};
  svg.text(0, 39, "all of it", "m");
  for (const Step& step : steps)
    svg.bar(all(step.from), 24, all(step.to) - all(step.from), 22, step.css_class, step.label);
  svg.line(all(limit), 16, all(limit), 52, "limit");
  svg.text(all(limit), 12, "limit " + with_commas(report.policy.limit_bytes), "k", "end");
  x_axis(svg, all, 54, 8, [](double at, double) { return fmt::format("{:g} MB", at / 1e6); });
  // The end of the bar enlarged: from somewhat before the first edge to somewhat behind the last.
  const double first = parts.model ? std::min(model, limit) : std::min(total, limit), last = std::max(total, limit);
  const double room = std::max((last - first) * 0.12, 100.0);
  const Scale zoom{std::max(first - 2 * room, 0.0), last + room, kChartLeft, kChartRight};
  svg.text(0, 84, "its end, enlarged", "m");
  double y = 96;
  for (const Step& step : steps) {
    const double from = std::max(step.from, zoom.lo);
    svg.text(0, y + 15, step.label, step.css_class == std::string_view("fbad") ? "k" : "t");
    svg.bar(zoom(from), y, zoom(step.to) - zoom(from), 18, step.css_class, step.label);
    y += 26;
  }
  svg.line(zoom(limit), 90, zoom(limit), y, "limit");
  x_axis(svg, zoom, y + 2, 5, [](double at, double step) {
    return step >= 1000 ? fmt::format("{} kB", with_commas(std::llround(at / 1000))) : with_commas(std::llround(at));
  });
  return svg.take();
}

std::string readings_table(const Report& report) {
  const SizeTable sizes = size_table(report.submission);
  std::string out =
      "<div class=\"scroll\"><table>\n<tr><th>reading</th><th class=\"n\">bytes</th><th "
      "class=\"n\">left</th><th>sum</th></tr>\n";
  for (const auto convention :
       {SizeConvention::as_logged, SizeConvention::as_shipped, SizeConvention::as_packed, SizeConvention::reachable}) {
    const auto& size = sizes.under(convention);
    if (!size) continue;
    const std::int64_t left = report.policy.limit_bytes - size->bytes;
    out +=
        fmt::format("<tr><td>{}{}</td><td class=\"n\">{}</td><td class=\"n{}\">{}</td><td class=\"w\">{}</td></tr>\n",
                    convention_name(convention), convention == report.policy.size_convention ? " (decides)" : "",
                    with_commas(size->bytes), left < 0 ? " error" : "", with_commas(left),
                    escape_markup(escape_line(size->parts, 300)));
  }
  return out + "</table></div>\n";
}

}  // namespace

std::string size_figure(const Report& report) {
  const auto parts = parts_of(report);
  if (!parts) return "";
  const SizeTable sizes = size_table(report.submission);
  const std::string caption = fmt::format(
      "The largest of the claimed runs, {}{}. Model bytes are what the log says; "
      "no artifact was measured.",
      convention_name(report.policy.size_convention), sizes.from_claim ? " (as claimed: no log prints it)" : "");
  return figure("Bytes", caption, size_drawing(report, *parts)) + readings_table(report);
}

}  // namespace pg::verify

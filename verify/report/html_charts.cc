#include "verify/report/html_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reference/base/text.h"

namespace pg::verify {

std::string figure(std::string_view title, std::string_view caption, std::string_view drawing) {
  return fmt::format("<figure>\n<h2>{}</h2>\n{}<figcaption>{}</figcaption>\n</figure>\n", title, drawing, caption);
}

void x_axis(Svg& svg, const Scale& x, double y, int wanted, const std::function<std::string(double, double)>& label) {
  svg.line(x.from, y, x.to, y, "axis");
  const double step = tick_step(x.hi - x.lo, wanted);
  const double first = std::ceil(x.lo / step) * step;
  for (int i = 0; i < 100 && first + i * step <= x.hi + step * 1e-9; ++i) {
    const double at = first + i * step;
    svg.line(x(at), y, x(at), y + 4, "axis");
    svg.text(x(at), y + 17, label(at, step), "s", "middle");
  }
}

std::string run_label(const Submission& s, const SubmittedRun& run) {
  return run.seed ? fmt::format("seed {}", *run.seed) : escape_line(s.logs[run.log].path, 24);
}

std::vector<const SubmittedRun*> charted_runs(const Submission& s, std::size_t max) {
  std::vector<const SubmittedRun*> runs;
  for (const SubmittedRun& run : s.runs)
    if (run.role == Role::claim && !s.logs[run.log].runs.empty() && runs.size() < max) runs.push_back(&run);
  return runs;
}

}  // namespace pg::verify

// What stands on the front end: labels, order of scoring and learning, every search for findings. Any bytes; what
// stands in front of a form feed is a line of a log that the run printed.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "verify/source/flow_claim.h"
#include "verify/source/flow_data.h"
#include "verify/source/flow_late.h"
#include "verify/source/flow_passes.h"
#include "verify/source/flow_scoring.h"
#include "verify/source/flow_smear.h"

namespace py = pg::verify::py;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  py::RunLines lines;
  if (const std::size_t cut = text.find('\f'); cut != std::string_view::npos) {
    lines.printed = lines.claimed = {std::string(text.substr(0, cut))};
    text.remove_prefix(cut + 1);
  }
  const py::Settings settings;
  const py::Flow flow(text, settings, true, lines);
  std::vector<py::Finding> all;
  const auto add = [&](std::vector<py::Finding> found) {
    all.insert(all.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  };
  add(py::find_order_violations(flow));
  add(py::find_scoring_violations(flow));
  add(py::find_second_passes(flow));
  add(py::find_changed_data(flow));
  add(py::find_unmasked_smear(flow));
  py::relate_to_claim(flow, all);
  add(py::find_late_training_data(flow));
  add(py::find_network(flow));
  add(py::find_rescoring(flow, "final"));
  const py::Module& m = flow.module();
  for (const py::Finding& finding : all)
    for (const py::TraceStep& step : finding.trace)
      if ((step.expr != py::kNone && step.expr >= m.exprs.size()) ||
          (step.stmt != py::kNone && step.stmt >= m.stmts.size()))
        std::abort();
  return 0;
}

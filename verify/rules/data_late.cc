#include "verify/rules/data_late.h"

#include <fmt/format.h>

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-DATA-LATE";
using Kind = py::Finding::Kind;

// Whether the claimed runs trained up to the limit, so that whatever follows lies in the evaluation.
enum class Budget { used_up, reserved, nothing_logged };

Budget budget(const Submission& s, const Policy& p, std::vector<Evidence>& evidence) {
  Budget out = Budget::nothing_logged;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = training_of(s, *run);
    if (!log.stop_train_time_ms) continue;
    if (*log.stop_train_time_ms < p.train_limit_ms) {
      if (out == Budget::nothing_logged) out = Budget::reserved;
      continue;
    }
    out = Budget::used_up;
    evidence.push_back(log_evidence(s, training_run(s, *run), log.stop_train_time_ms.line,
                                    fmt::format("training stops at {}", seconds_text(*log.stop_train_time_ms))));
  }
  return out;
}

std::vector<RuleResult> check(const Submission& s, const Policy& p) {
  if (!s.is_record_track()) return {not_applicable(kId, "the limits bind the record track only")};
  std::vector<Evidence> stops;
  const Budget spent = budget(s, p, stops);
  const bool late = spent == Budget::used_up;
  const std::string how = "Reserve the time inside the training budget, or calibrate on text that the model generates.";
  std::vector<RuleResult> results = judge_source(
      kId, s,
      {{Kind::late_training_data, late,
        late ? "training data is read behind the training loop, and training has used up its limit: this lies in the "
               "evaluation, where training data may not be read"
        : spent == Budget::reserved
            ? "training data is read behind the training loop; the logs stop training ahead of the limit, so it counts "
              "as training if it fits into the rest"
            : "training data is read behind the training loop; no log says whether training had used up its limit",
        how}});
  for (RuleResult& r : results) {
    if (r.verdict != Verdict::fail) continue;
    if (spent == Budget::reserved) r.severity = Severity::info;
    r.evidence.insert(r.evidence.end(), stops.begin(), stops.end());
  }
  return results;
}

}  // namespace

const Rule kRuleDataLate{kId, "training data behind training",
                         "No training data is read once the training time is used up (calibration, Hessians, tables).",
                         "Whether a calibration fits into time that training left over is a matter of PG-TIME-PHASES.",
                         check};

}  // namespace pg::verify

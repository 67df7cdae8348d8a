#include "verify/rules/bytes_coverage.h"

#include <fmt/format.h>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-BYTES-COVERAGE";

}  // namespace

std::vector<RuleResult> check_bytes_coverage(const Submission& s, const Policy&) {
  const auto runs = claimed_runs(s);
  if (runs.empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results;
  for (const SubmittedRun* run : runs) {
    const LogRun& log = s.last_run(*run);
    if (!log.limited_eval) continue;
    auto r =
        failed(kId, Severity::error,
               fmt::format("{} says that its evaluation is limited to a part of the validation set", run_name(s, *run)),
               "Score the whole validation set once; a score over a part is another metric.");
    r.required = "every validation token scored once";
    r.evidence.push_back(log_evidence(s, *run, log.limited_eval.line, *log.limited_eval));
    if (log.metric_line != 0) r.evidence.push_back(log_evidence(s, *run, log.metric_line, log.metric_name));
    results.push_back(std::move(r));
  }
  return or_passed(std::move(results), passed(kId, "no log says that only a part of the validation set was scored"));
}

const Rule kRuleBytesCoverage{
    kId, "whole validation set", "No claimed run's log says that only a part of the validation set was scored.",
    "A subset that the log does not mention shows in PG-BYTES-ACCOUNTING, or only in the source.",
    check_bytes_coverage};

}  // namespace pg::verify

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "verify/report/result.h"
#include "verify/submission/roles.h"
#include "verify/submission/submission.h"

namespace pg::verify {

// What rules are written with: results of one rule, evidence of the usual kinds, and the runs that count.

inline RuleResult make_result(std::string_view id, Verdict verdict, Severity severity, std::string message) {
  RuleResult result;
  result.id = std::string(id);
  result.verdict = verdict;
  result.severity = severity;
  result.message = std::move(message);
  return result;
}
inline RuleResult passed(std::string_view id, std::string message, std::string required = {}) {
  RuleResult result = make_result(id, Verdict::pass, Severity::info, std::move(message));
  result.required = std::move(required);
  return result;
}
inline RuleResult not_applicable(std::string_view id, std::string message) {
  return make_result(id, Verdict::not_applicable, Severity::info, std::move(message));
}
inline RuleResult failed(std::string_view id, Severity severity, std::string message, std::string help = {}) {
  RuleResult result = make_result(id, Verdict::fail, severity, std::move(message));
  result.help = std::move(help);
  return result;
}
// A failure with its observation and evidence in one go.
struct Failure {
  Severity severity = Severity::warning;
  std::string message;
  std::string observed, required;
  std::vector<Evidence> evidence;
  std::string help;
};
inline RuleResult failed(std::string_view id, Failure failure) {
  RuleResult result = failed(id, failure.severity, std::move(failure.message), std::move(failure.help));
  result.observed = std::move(failure.observed);
  result.required = std::move(failure.required);
  result.evidence = std::move(failure.evidence);
  return result;
}
inline RuleResult inconclusive(std::string_view id, Severity severity, std::string message, std::string help = {}) {
  RuleResult result = make_result(id, Verdict::inconclusive, severity, std::move(message));
  result.help = std::move(help);
  return result;
}

// The runs whose role is claim, in file order.
std::vector<const SubmittedRun*> claimed_runs(const Submission& submission);

// A line of the run's log. `text` is what stands there, as far as the reader kept it.
Evidence log_evidence(const Submission& submission, const SubmittedRun& run, std::uint32_t line, std::string text);
Evidence metadata_evidence(const Submission& submission, std::uint32_t line, std::string text);

// 599592 -> "599.592 s".
std::string seconds_text(std::int64_t milliseconds);
// "train_seed42.log", or "seed 42 (train.log)" where the name does not say it.
std::string run_name(const Submission& submission, const SubmittedRun& run);

// "604.1 s", or "604.1 to 604.3 s" over several runs.
std::string range_text(const std::vector<double>& seconds);
// "train_seed42.log", or "3 of 4 claimed runs".
std::string runs_name(const Submission& submission, const std::vector<const SubmittedRun*>& runs);

// A rule gives at least one result: the pass where nothing was found.
inline std::vector<RuleResult> or_passed(std::vector<RuleResult> results, RuleResult pass) {
  if (results.empty()) results.push_back(std::move(pass));
  return results;
}

}  // namespace pg::verify

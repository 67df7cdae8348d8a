#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "verify/report/result.h"

// The three shapes a rule's result takes, for rules that need no more.
namespace pg::verify::finding {

inline RuleResult pass(std::string_view id, std::string observed, std::string required = "") {
  RuleResult result;
  result.id = id;
  result.verdict = Verdict::pass;
  result.observed = std::move(observed);
  result.required = std::move(required);
  result.message = result.observed;
  return result;
}

// Nothing to decide; `why` names the cause, another rule where that one reports it.
inline RuleResult skip(std::string_view id, std::string why) {
  RuleResult result;
  result.id = id;
  result.verdict = Verdict::not_applicable;
  result.message = std::move(why);
  return result;
}

struct Failure {
  Severity severity = Severity::warning;
  std::string message;
  std::string observed, required;
  std::vector<Evidence> evidence;
  std::string help;
};

inline RuleResult fail(std::string_view id, Failure failure) {
  RuleResult result;
  result.id = id;
  result.verdict = Verdict::fail;
  result.severity = failure.severity;
  result.message = std::move(failure.message);
  result.observed = std::move(failure.observed);
  result.required = std::move(failure.required);
  result.evidence = std::move(failure.evidence);
  result.help = std::move(failure.help);
  return result;
}

}  // namespace pg::verify::finding

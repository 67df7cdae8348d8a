#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

// What a log times behind quantization: the evaluation timers and, apart, compile warm-up that no timer includes.
struct EvalTime {
  double timed_s = 0, warmup_s = 0;
  std::vector<PhaseLine> parts;
};
EvalTime eval_time(const LogRun& run);

std::vector<RuleResult> check_time_eval(const Submission& submission, const Policy& policy);
extern const Rule kRuleTimeEval;  // PG-TIME-EVAL

}  // namespace pg::verify

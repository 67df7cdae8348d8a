#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_time_train(const Submission& submission, const Policy& policy);
extern const Rule kRuleTimeTrain;  // PG-TIME-TRAIN

}  // namespace pg::verify

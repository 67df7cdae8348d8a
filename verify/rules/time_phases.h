#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_time_phases(const Submission& submission, const Policy& policy);
extern const Rule kRuleTimePhases;  // PG-TIME-PHASES

}  // namespace pg::verify

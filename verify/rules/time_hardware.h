#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_time_hardware(const Submission& submission, const Policy& policy);
extern const Rule kRuleTimeHardware;  // PG-TIME-HARDWARE

}  // namespace pg::verify

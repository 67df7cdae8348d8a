#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_code_entry(const Submission& submission, const Policy& policy);
extern const Rule kRuleCodeEntry;  // PG-CODE-ENTRY

}  // namespace pg::verify

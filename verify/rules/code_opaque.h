#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_code_opaque(const Submission& submission, const Policy& policy);
extern const Rule kRuleCodeOpaque;  // PG-CODE-OPAQUE

}  // namespace pg::verify

#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_code_embedded(const Submission& submission, const Policy& policy);
extern const Rule kRuleCodeEmbedded;  // PG-CODE-EMBEDDED

}  // namespace pg::verify

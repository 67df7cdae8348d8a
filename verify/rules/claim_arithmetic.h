#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_claim_arithmetic(const Submission& submission, const Policy& policy);
extern const Rule kRuleClaimArithmetic;  // PG-CLAIM-ARITHMETIC

}  // namespace pg::verify

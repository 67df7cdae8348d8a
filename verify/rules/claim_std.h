#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_claim_std(const Submission& submission, const Policy& policy);
extern const Rule kRuleClaimStd;  // PG-CLAIM-STD

}  // namespace pg::verify

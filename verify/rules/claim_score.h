#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_claim_score(const Submission& submission, const Policy& policy);
extern const Rule kRuleClaimScore;  // PG-CLAIM-SCORE

}  // namespace pg::verify

#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_claim_per_seed(const Submission& submission, const Policy& policy);
extern const Rule kRuleClaimPerSeed;  // PG-CLAIM-PER-SEED

}  // namespace pg::verify

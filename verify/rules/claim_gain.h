#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_claim_gain(const Submission& submission, const Policy& policy);
extern const Rule kRuleClaimGain;  // PG-CLAIM-GAIN

}  // namespace pg::verify

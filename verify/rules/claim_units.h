#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_claim_units(const Submission& submission, const Policy& policy);
extern const Rule kRuleClaimUnits;  // PG-CLAIM-UNITS

}  // namespace pg::verify

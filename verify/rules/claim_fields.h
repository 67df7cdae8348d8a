#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_claim_fields(const Submission& submission, const Policy& policy);
extern const Rule kRuleClaimFields;  // PG-CLAIM-FIELDS

}  // namespace pg::verify

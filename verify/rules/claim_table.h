#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_claim_table(const Submission& submission, const Policy& policy);
extern const Rule kRuleClaimTable;  // PG-CLAIM-TABLE

}  // namespace pg::verify

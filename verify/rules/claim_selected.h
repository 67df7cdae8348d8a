#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_claim_selected(const Submission& submission, const Policy& policy);
extern const Rule kRuleClaimSelected;  // PG-CLAIM-SELECTED

}  // namespace pg::verify

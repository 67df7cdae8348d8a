#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_claim_readme(const Submission& submission, const Policy& policy);
extern const Rule kRuleClaimReadme;  // PG-CLAIM-README

}  // namespace pg::verify

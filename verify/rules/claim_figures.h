#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_claim_figures(const Submission& submission, const Policy& policy);
extern const Rule kRuleClaimFigures;  // PG-CLAIM-FIGURES

}  // namespace pg::verify

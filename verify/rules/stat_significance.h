#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_stat_significance(const Submission& submission, const Policy& policy);
extern const Rule kRuleStatSignificance;  // PG-STAT-SIGNIFICANCE

}  // namespace pg::verify

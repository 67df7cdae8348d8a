#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_seeds_count(const Submission& submission, const Policy& policy);
extern const Rule kRuleSeedsCount;  // PG-SEEDS-COUNT

}  // namespace pg::verify

#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_seeds_same(const Submission& submission, const Policy& policy);
extern const Rule kRuleSeedsSame;  // PG-SEEDS-SAME

}  // namespace pg::verify

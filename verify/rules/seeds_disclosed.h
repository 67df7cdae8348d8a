#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_seeds_disclosed(const Submission& submission, const Policy& policy);
extern const Rule kRuleSeedsDisclosed;  // PG-SEEDS-DISCLOSED

}  // namespace pg::verify

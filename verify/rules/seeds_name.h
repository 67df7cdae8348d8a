#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_seeds_name(const Submission& submission, const Policy& policy);
extern const Rule kRuleSeedsName;  // PG-SEEDS-NAME

}  // namespace pg::verify

#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_seeds_declared(const Submission& submission, const Policy& policy);
extern const Rule kRuleSeedsDeclared;  // PG-SEEDS-DECLARED

}  // namespace pg::verify

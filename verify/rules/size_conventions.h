#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_size_conventions(const Submission& submission, const Policy& policy);
extern const Rule kRuleSizeConventions;  // PG-SIZE-CONVENTIONS

}  // namespace pg::verify

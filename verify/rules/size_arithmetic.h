#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_size_arithmetic(const Submission& submission, const Policy& policy);
extern const Rule kRuleSizeArithmetic;  // PG-SIZE-ARITHMETIC

}  // namespace pg::verify

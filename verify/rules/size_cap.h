#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_size_cap(const Submission& submission, const Policy& policy);
extern const Rule kRuleSizeCap;  // PG-SIZE-CAP

}  // namespace pg::verify

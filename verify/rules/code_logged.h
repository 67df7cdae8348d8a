#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_code_logged(const Submission& submission, const Policy& policy);
extern const Rule kRuleCodeLogged;  // PG-CODE-LOGGED

}  // namespace pg::verify

#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_bytes_accounting(const Submission& submission, const Policy& policy);
extern const Rule kRuleBytesAccounting;  // PG-BYTES-ACCOUNTING

}  // namespace pg::verify

#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

std::vector<RuleResult> check_bytes_coverage(const Submission& submission, const Policy& policy);
extern const Rule kRuleBytesCoverage;  // PG-BYTES-COVERAGE

}  // namespace pg::verify

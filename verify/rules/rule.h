#pragma once

#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "verify/policy/policy.h"
#include "verify/report/result.h"
#include "verify/submission/submission.h"

namespace pg::verify {

// One rule = one file verify/rules/<name>.cc with one such function, its test and its page docs/rules/<ID>.md.
struct Rule {
  std::string_view id;           // "PG-SIZE-CAP"
  std::string_view title;        // a few words for lists
  std::string_view decides;      // what a verdict means
  std::string_view not_meaning;  // what it does not mean
  std::vector<RuleResult> (*check)(const Submission& submission, const Policy& policy);
};

// All rules in the order reports list them.
const std::vector<Rule>& all_rules();
const Rule* find_rule(std::string_view id);

// Runs every rule, never stopping at the first failure, and applies the policy's severities to what failed or could not
// be decided. A rule that throws, gives no result or answers under another id gives one inconclusive result of severity
// error that names the defect.
std::vector<RuleResult> check_all(const Submission& submission, const Policy& policy);
// The same with a given set of rules.
std::vector<RuleResult> check_rules(const std::vector<Rule>& rules, const Submission& submission, const Policy& policy);

// fail if a rule of severity error fails, else inconclusive if one of severity error is, else pass.
Verdict overall_verdict(const std::vector<RuleResult>& results);

// An Error where the policy sets the severity of a rule that is not among `rules`.
Status check_policy(const Policy& policy, const std::vector<Rule>& rules);

}  // namespace pg::verify

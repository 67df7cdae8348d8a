#include "verify/rules/data_targets.h"

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-DATA-TARGETS";

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  return judge_source(kId, s,
                      {
                          {py::Finding::Kind::targets_altered, false,
                           "token ids are clamped or reduced before they are scored: where the data holds ids above "
                           "the bound, other targets are scored than those of the validation set",
                           "Score the tokens of the validation set as they are."},
                      });
}

}  // namespace

const Rule kRuleDataTargets{
    kId, "targets as they are", "The scored targets are the tokens of the validation set, not clamped or reduced ones.",
    "Where no id reaches the bound nothing is changed; the data itself is not looked at.", check};

}  // namespace pg::verify

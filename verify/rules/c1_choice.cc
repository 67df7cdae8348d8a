#include "verify/rules/c1_choice.h"

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-C1-CHOICE";
using Kind = py::Finding::Kind;

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  return judge_source(
      kId, s,
      {
          {Kind::choice_by_outcome, true, "the better of two scores is kept after seeing the token",
           "Fix one predictor, or mix by weights that the prefix alone decides, before the token is scored."},
      });
}

}  // namespace

const Rule kRuleC1Choice{
    kId, "choice between scores",
    "No score is chosen for being better once the token is known: minimum over two scores, `if new < old` over losses.",
    "It is read from the source, not run: what it does not find may still be there.", check};

}  // namespace pg::verify

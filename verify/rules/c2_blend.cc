#include "verify/rules/c2_blend.h"

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-C2-BLEND";
using Kind = py::Finding::Kind;

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  return judge_source(kId, s,
                      {
                          {Kind::blend_at_gold, true,
                           "the model's probability of the target is mixed with a table's answer for the target alone: "
                           "no distribution over the vocabulary exists before the token is known",
                           "Mix whole distributions and normalise over the vocabulary before reading off the target."},
                      });
}

}  // namespace

const Rule kRuleC2Blend{kId, "mixture at the gold token only",
                        "The scored probability is one distribution over the vocabulary: the model is not mixed with a "
                        "table that is asked for the target alone.",
                        "It is read from the source, not run: what it does not find may still be there.", check};

}  // namespace pg::verify

#include "verify/rules/c4_passes.h"

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-C4-PASSES";
using Kind = py::Finding::Kind;

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  return judge_source(kId, s,
                      {
                          {Kind::epochs_of_scoring, true,
                           "scoring and learning from the same tokens stand in one loop of several epochs: later "
                           "epochs score what earlier ones learned",
                           "Count the score of the first epoch only, taken before learning from these tokens."},
                          {Kind::best_of_passes, true, "the best score of several passes over the same tokens is kept",
                           "Commit to one pass before the tokens are scored."},
                          {Kind::rescored_stored, true,
                           "stored probabilities of the first pass are scored again with a table that was filled "
                           "with these tokens in between: a second pass",
                           "Claim the score of the first pass."},
                          {Kind::rescored, true,
                           "the claimed score is a second one: an earlier evaluation learned from the same tokens",
                           "Claim the score of the first pass."},
                      });
}

}  // namespace

const Rule kRuleC4Passes{kId, "one pass",
                         "Validation tokens are scored once: not in several epochs that learn from them, not again "
                         "behind an evaluation that learned from them.",
                         "It is read from the source, not run: what it does not find may still be there.", check};

}  // namespace pg::verify

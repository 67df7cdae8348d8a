#include "verify/rules/c3_adapt.h"

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-C3-ADAPT";
using Kind = py::Finding::Kind;

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  return judge_source(
      kId, s,
      {
          {Kind::adapt_then_score, true, "the model learns from validation tokens before they are scored",
           "Score each token first and learn from it afterwards, in one pass."},
          {Kind::calibrate_on_val, true,
           "statistics of validation tokens go into the weights before these tokens are scored",
           "Calibrate on training data inside the training time, or on text that the model generates."},
          {Kind::epochs_of_scoring, true,
           "scoring and learning from the same tokens stand in one loop of several epochs: later epochs score what "
           "earlier ones learned",
           "Count the score of the first epoch only, taken before learning from these tokens."},
          {Kind::per_sample, false,
           "fresh parameters are fitted to the tokens that they then score (as in SLOT): under the strict reading of "
           "C1 and C3 this is an update before the score; the organizers have not ruled",
           "Fit on tokens that were scored already."},
          {Kind::throw_away, false,
           "gradients are taken on validation tokens, but what they change is thrown away (warm-up): accepted so far, "
           "although the tokens are touched before they are scored",
           "Warm up on random or training tokens."},
          {Kind::previous_chunk, false,
           "the model learns from validation tokens ahead of scoring in the same loop; reading cannot tell whether "
           "these are the tokens scored in the turn before",
           "Score first, then learn, in the text as well."},
      });
}

}  // namespace

const Rule kRuleC3Adapt{kId, "score before update",
                        "Nothing that scores validation tokens has learned from them before: optimizer steps and "
                        "calibration on validation tokens stand behind their score.",
                        "It is read from the source, not run: what it does not find may still be there.", check};

}  // namespace pg::verify

#include "verify/rules/c2_floor.h"

#include <fmt/format.h>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-C2-FLOOR";
// No model of any size is known to come near 0.5 bits per byte on web text; the best of the contest is at 1.06, and
// what lies below 0.9 were mixtures that give no distribution over the vocabulary.
constexpr double kImpossible = 0.5, kSuspicious = 0.9;

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  RuleResult worst = passed(kId, "the claimed scores are in the range that models reach",
                            fmt::format("at least {:.1f} bits per byte", kSuspicious));
  bool scored = false;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = s.last_run(*run);
    if (!log.val_bpb || log.limited_eval) continue;
    scored = true;
    const double bpb = log.val_bpb->value;
    if (bpb >= kSuspicious) continue;
    if (worst.verdict != Verdict::fail) {
      worst = failed(
          kId, Severity::warning,
          "the claimed score is below what any normalised model has reached on this data: look at how it is made",
          "Show that the scored probabilities come from one distribution over the vocabulary.");
      worst.required = fmt::format("at least {:.1f} bits per byte", kSuspicious);
      worst.observed = fmt::format("{} bits per byte", log.val_bpb->text);
    }
    if (bpb < kImpossible) {
      worst.severity = Severity::error;
      worst.message = "the claimed score is one that no distribution over the vocabulary can have on web text";
      worst.required = fmt::format("at least {:.1f} bits per byte", kImpossible);
    }
    worst.evidence.push_back(log_evidence(s, *run, log.metric_line, fmt::format("val_bpb {}", log.val_bpb->text)));
  }
  if (!scored) return {not_applicable(kId, "no claimed run has a score")};
  return {std::move(worst)};
}

}  // namespace

const Rule kRuleC2Floor{kId, "impossible score",
                        "The claimed score is one that a distribution over the vocabulary can have.",
                        "A score above the floor says nothing about how it was made.", check};

}  // namespace pg::verify

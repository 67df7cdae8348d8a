#include "verify/rules/claim_std.h"

#include <fmt/format.h>

#include <cmath>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CLAIM-STD";

}  // namespace

std::vector<RuleResult> check_claim_std(const Submission& s, const Policy&) {
  if (!s.metadata.val_bpb_std) return {not_applicable(kId, "no standard deviation claimed")};
  const Decimal& claim = *s.metadata.val_bpb_std;
  const Evidence evidence =
      metadata_evidence(s, s.metadata.val_bpb_std.line, fmt::format("{}: {}", s.metadata.val_bpb_std.key, claim.text));
  if (!s.recomputed.std_bpb) {
    auto r = inconclusive(kId, Severity::warning,
                          fmt::format("a standard deviation of {} is claimed, but the folder's logs give {} score{}",
                                      claim.text, s.recomputed.n, s.recomputed.n == 1 ? "" : "s"),
                          "Ship the logs of all seeds.");
    r.evidence.push_back(evidence);
    return {std::move(r)};
  }
  const double sample = *s.recomputed.std_bpb, population = *s.recomputed.population_std_bpb;
  RuleResult r;
  if (agrees_at_rounding(claim, sample)) {
    r = passed(kId, "the claimed standard deviation is the sample (n - 1) one");
  } else if (agrees_at_rounding(claim, population)) {
    r = failed(kId, Severity::info,
               fmt::format("the claimed standard deviation divides by n; the sample (n - 1) value is {:.8f}", sample),
               "Divide by n - 1: with three seeds the difference is 22 %.");
  } else if (std::abs(claim.value - sample) <= 2.000001 * claim.half_unit() ||
             std::abs(claim.value - population) <= 2.000001 * claim.half_unit()) {
    r = failed(
        kId, Severity::info,
        fmt::format("the claimed standard deviation {} is one unit of its last digit away from {:.8f}", claim.text,
                    std::abs(claim.value - sample) < std::abs(claim.value - population) ? sample : population));
  } else {
    r = failed(
        kId, Severity::warning,
        fmt::format("the claimed standard deviation {} is neither the sample {:.8f} nor the population {:.8f} one",
                    claim.text, sample, population),
        "Recompute it from the logged scores.");
  }
  r.observed = claim.text;
  r.required = fmt::format("{:.8f} over {} runs", sample, s.recomputed.n);
  r.evidence.push_back(evidence);
  return {std::move(r)};
}

const Rule kRuleClaimStd{kId, "claimed standard deviation",
                         "val_bpb_std is the standard deviation of the claimed runs' scores, and of which kind.",
                         "Whether the seeds are independent or selected is decided by the PG-SEEDS rules.",
                         check_claim_std};

}  // namespace pg::verify

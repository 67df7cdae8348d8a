#include "verify/rules/claim_per_seed.h"

#include <fmt/format.h>

#include <algorithm>

#include "verify/rules/results.h"
#include "verify/submission/roles.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CLAIM-PER-SEED";

const SubmittedRun* run_of_seed(const Submission& s, std::int64_t seed) {
  const auto runs = claimed_runs(s);
  // By the log's seed, then by the file name: where they disagree PG-SEEDS-NAME speaks.
  for (const SubmittedRun* run : runs)
    if (run->seed == seed) return run;
  for (const SubmittedRun* run : runs)
    if (run->seed_in_name == seed) return run;
  return nullptr;
}

bool any_line_agrees(const LogRun& log, const Decimal& claim) {
  return std::any_of(log.metrics.begin(), log.metrics.end(),
                     [&](const MetricLine& m) { return agree_as_printed(claim, m.val_bpb); });
}

void add(const Submission& s, const SubmittedRun& run, Severity severity, const SeedClaim& claim,
         std::string_view field, const std::string& claimed, const std::string& logged, std::uint32_t claim_line,
         std::uint32_t log_line, std::vector<RuleResult>& results) {
  auto r = failed(
      kId, severity,
      fmt::format("seed {}: {} is claimed as {}, {} says {}", claim.seed, field, claimed, s.logs[run.log].path, logged),
      "Copy the value from this seed's log.");
  r.observed = claimed;
  r.required = logged;
  r.evidence = {metadata_evidence(s, claim_line, fmt::format("seed {} {}: {}", claim.seed, field, claimed)),
                log_evidence(s, run, log_line, fmt::format("{}: {}", field, logged))};
  results.push_back(std::move(r));
}

void check_seed(const Submission& s, const SeedClaim& claim, const SubmittedRun& run,
                std::vector<RuleResult>& results) {
  const LogRun& log = s.last_run(run);
  if (claim.val_bpb && log.val_bpb && !agree_as_printed(*claim.val_bpb, *log.val_bpb)) {
    // Off by a unit in its last digit: truncated instead of rounded.
    const bool truncated = std::abs(claim.val_bpb->value - log.val_bpb->value) <= 2.001 * claim.val_bpb->half_unit();
    add(s, run, truncated || any_line_agrees(log, *claim.val_bpb) ? Severity::warning : Severity::error, claim,
        "val_bpb", claim.val_bpb->text, log.val_bpb->text, claim.val_bpb.line, log.metric_line, results);
  }
  if (claim.val_loss && log.val_loss && !agree_as_printed(*claim.val_loss, *log.val_loss))
    add(s, run, Severity::warning, claim, "val_loss", claim.val_loss->text, log.val_loss->text, claim.val_loss.line,
        log.metric_line, results);
  if (claim.steps && log.steps && *claim.steps != *log.steps)
    add(s, run, Severity::warning, claim, "steps", std::to_string(*claim.steps), std::to_string(*log.steps),
        claim.steps.line, log.steps.line, results);
  const bool model_only = claim.bytes_total && log.bytes_model && *claim.bytes_total == *log.bytes_model;
  if (claim.bytes_total && log.bytes_total && *claim.bytes_total != *log.bytes_total && !model_only)
    add(s, run, Severity::warning, claim, "artifact bytes", std::to_string(*claim.bytes_total),
        std::to_string(*log.bytes_total), claim.bytes_total.line, log.bytes_total.line, results);
}

}  // namespace

std::vector<RuleResult> check_claim_per_seed(const Submission& s, const Policy&) {
  if (s.metadata.per_seed.empty()) return {not_applicable(kId, "no results per seed claimed")};
  if (claimed_runs(s).empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results;
  std::size_t compared = 0;
  for (const SeedClaim& claim : s.metadata.per_seed) {
    const SubmittedRun* run = run_of_seed(s, claim.seed);
    if (run == nullptr) continue;  // PG-SEEDS-DECLARED
    ++compared;
    check_seed(s, claim, *run, results);
  }
  return or_passed(std::move(results),
                   passed(kId, fmt::format("{} of {} claimed seeds have a log, and their values agree", compared,
                                           s.metadata.per_seed.size())));
}

const Rule kRuleClaimPerSeed{kId, "claimed results per seed",
                             "Score, loss, steps and artifact size claimed for a seed are those of that seed's log.",
                             "A seed without a log is reported by PG-SEEDS-DECLARED.", check_claim_per_seed};

}  // namespace pg::verify

#include "verify/rules/seeds_same.h"

#include <fmt/format.h>

#include <map>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-SEEDS-SAME";

Evidence seed_evidence(const Submission& s, const SubmittedRun& run) {
  return log_evidence(s, run, s.last_run(run).seed.line, run.seed ? fmt::format("seed {}", *run.seed) : "");
}

}  // namespace

std::vector<RuleResult> check_seeds_same(const Submission& s, const Policy&) {
  if (s.runs.empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results;
  std::map<std::int64_t, std::vector<const SubmittedRun*>> by_seed;
  std::map<std::string, std::vector<const SubmittedRun*>> by_score;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = s.last_run(*run);
    if (run->seed) by_seed[*run->seed].push_back(run);
    // Fewer than six decimals can agree by chance.
    if (log.val_bpb && log.val_bpb->decimals() >= 6) by_score[log.val_bpb->text].push_back(run);
  }
  for (const auto& [seed, runs] : by_seed) {
    if (runs.size() < 2) continue;
    auto r = failed(kId, Severity::warning,
                    fmt::format("{} claimed runs share seed {}: they are not independent seeds", runs.size(), seed),
                    "Give every claimed run its own seed.");
    for (const SubmittedRun* run : runs) r.evidence.push_back(seed_evidence(s, *run));
    results.push_back(std::move(r));
  }
  for (const auto& [score, runs] : by_score) {
    if (runs.size() < 2) continue;
    auto r = failed(kId, Severity::warning,
                    fmt::format("{} claimed runs print the same val_bpb {} to its last digit", runs.size(), score),
                    "Two seeds do not end on the same eight digits: check that these are different runs.");
    for (const SubmittedRun* run : runs)
      r.evidence.push_back(log_evidence(s, *run, s.last_run(*run).metric_line, "val_bpb " + score));
    results.push_back(std::move(r));
  }
  for (const SubmittedRun& run : s.runs) {
    if (run.role != Role::duplicate) continue;
    auto r =
        failed(kId, Severity::info, fmt::format("{} is {} and is not counted", s.logs[run.log].path, run.role_reason));
    r.evidence.push_back(Evidence{s.logs[run.log].path, 0, "sha256 " + s.logs[run.log].sha256, 0});
    results.push_back(std::move(r));
  }
  return or_passed(std::move(results), passed(kId, "no seed, score or log is counted twice"));
}

const Rule kRuleSeedsSame{kId, "the same run counted twice",
                          "Claimed runs with one seed, one score to the last digit, or byte-identical logs.",
                          "A copied log with edited lines is not recognised here.", check_seeds_same};

}  // namespace pg::verify

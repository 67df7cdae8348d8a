#include "verify/rules/seeds_count.h"

#include <fmt/format.h>

#include <set>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-SEEDS-COUNT";

}  // namespace

std::vector<RuleResult> check_seeds_count(const Submission& s, const Policy& p) {
  if (!s.is_record_track()) return {not_applicable(kId, "several seeds are asked of the record track only")};
  const auto runs = claimed_runs(s);
  if (runs.empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  std::set<std::int64_t> seeds;
  int unknown = 0;
  for (const SubmittedRun* run : runs) {
    if (run->seed)
      seeds.insert(*run->seed);
    else
      ++unknown;
  }
  const int n = static_cast<int>(seeds.size()) + unknown;
  if (n >= p.min_seeds) {
    auto r = passed(kId, fmt::format("{} distinct seeds have a log", n));
    r.observed = std::to_string(n);
    r.required = fmt::format("at least {}", p.min_seeds);
    return {std::move(r)};
  }
  auto r = failed(
      kId, Severity::warning,
      fmt::format("{} distinct seed{} with a log: too few to show significance over the record before (usually {})", n,
                  n == 1 ? "" : "s", p.min_seeds),
      "Run and ship more seeds.");
  r.observed = std::to_string(n);
  r.required = fmt::format("at least {}", p.min_seeds);
  for (const SubmittedRun* run : runs)
    r.evidence.push_back(log_evidence(s, *run, s.last_run(*run).seed.line,
                                      run->seed ? fmt::format("seed {}", *run->seed) : "no seed printed"));
  return {std::move(r)};
}

const Rule kRuleSeedsCount{kId, "number of seeds", "How many distinct seeds of the claimed configuration have a log.",
                           "A pure systems speed-up and a non-record submission need no significance.",
                           check_seeds_count};

}  // namespace pg::verify

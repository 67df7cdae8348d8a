#include "verify/rules/seeds_declared.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-SEEDS-DECLARED";

}  // namespace

std::vector<RuleResult> check_seeds_declared(const Submission& s, const Policy&) {
  if (s.metadata.seeds.empty()) return {not_applicable(kId, "submission.json declares no seeds")};
  const auto runs = claimed_runs(s);
  if (runs.empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  std::set<std::int64_t> declared(s.metadata.seeds.begin(), s.metadata.seeds.end()), missing = declared;
  std::vector<const SubmittedRun*> undeclared;
  bool all_known = true;
  for (const SubmittedRun* run : runs) {
    all_known = all_known && run->seed;
    if (run->seed) missing.erase(*run->seed);
    // A file named after a declared seed that ran with another: PG-SEEDS-NAME says so.
    if (run->seed_in_name) missing.erase(*run->seed_in_name);
    const bool named = run->seed_in_name && declared.count(*run->seed_in_name);
    if (run->seed && !declared.count(*run->seed) && !named) undeclared.push_back(run);
  }
  if (missing.empty() && undeclared.empty())
    return {passed(kId, fmt::format("the {} declared seeds are those of the logs", declared.size()))};
  const Evidence where =
      metadata_evidence(s, s.metadata.seeds_line, fmt::format("seeds: {}", fmt::join(s.metadata.seeds, ", ")));
  // A declared seed is replaced by another one: the claim names a run that is not there.
  const bool replaced =
      !missing.empty() && undeclared.size() >= missing.size() && all_known && runs.size() >= declared.size();
  std::string message;
  if (replaced)
    message = fmt::format("seed {} is declared, but the log in its place ran with seed {}", fmt::join(missing, ", "),
                          *undeclared.front()->seed);
  else if (!missing.empty())
    message =
        fmt::format("no log for the declared seed{} {}", missing.size() == 1 ? "" : "s", fmt::join(missing, ", "));
  else
    message =
        fmt::format("seed {} has a log of the claimed configuration, but is not declared", *undeclared.front()->seed);
  auto r = failed(kId, replaced ? Severity::error : Severity::warning, message,
                  "Declare exactly the seeds whose logs are shipped.");
  r.required = "one log for each declared seed, and no other";
  r.evidence.push_back(where);
  for (const SubmittedRun* run : undeclared)
    r.evidence.push_back(log_evidence(s, *run, s.last_run(*run).seed.line, fmt::format("seed: {}", *run->seed)));
  return {std::move(r)};
}

const Rule kRuleSeedsDeclared{
    kId, "declared seeds", "The seeds that submission.json declares are the seeds of the claimed logs.",
    "Seeds that were run and neither declared nor shipped cannot be seen.", check_seeds_declared};

}  // namespace pg::verify

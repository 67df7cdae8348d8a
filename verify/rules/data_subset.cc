#include "verify/rules/data_subset.h"

#include "verify/rules/results.h"
#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-DATA-SUBSET";

// Whether a claimed run's log counts at least as many validation tokens as the smallest full set holds.
bool full_set_logged(const Submission& s) {
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = s.last_run(*run);
    if (log.val_tokens && *log.val_tokens >= 30'000'000) return true;
  }
  return false;
}

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  std::vector<RuleResult> results =
      judge_source(kId, s,
                   {
                       {py::Finding::Kind::subset_scored, true,
                        "the validation set is cut to a constant number of tokens before it is scored",
                        "Score the whole validation set."},
                       {py::Finding::Kind::subset_beside, false,
                        "a part of the validation set of a constant number of tokens stands beside the whole set",
                        "Let the claimed score be that of the whole set."},
                   });
  if (full_set_logged(s))
    for (RuleResult& r : results)
      if (r.verdict == Verdict::fail) {
        r.severity = Severity::warning;
        r.message += "; the log counts the full set, so this may serve something else";
      }
  return results;
}

}  // namespace

const Rule kRuleDataSubset{kId, "the whole validation set",
                           "The validation set is not cut to a constant number of tokens.",
                           "Cuts by documents, by files or by a break out of the loop are not seen here; what the log "
                           "counts is PG-BYTES-COVERAGE's.",
                           check};

}  // namespace pg::verify

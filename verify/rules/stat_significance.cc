#include "verify/rules/stat_significance.h"

#include <fmt/format.h>

#include "verify/rules/results.h"
#include "verify/stats/significance.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-STAT-SIGNIFICANCE";

std::string required_text(const StatisticsReading& r) {
  const std::string by =
      r.margin > 0 ? fmt::format("better by more than {:g} {}", r.margin, to_string(r.unit)) : std::string("better");
  return fmt::format("{} at p < {:g}", by, r.alpha);
}

// What the answer rests on, in numbers.
void quantify(RuleResult& result, const Significance& s) {
  const ReadingOutcome& r = s.deciding();
  if (s.delta)
    result.observed = fmt::format("{:+.6f} bpb, {} v {} runs{}", *s.delta, s.new_moments.n, s.old_moments.n,
                                  r.outcome ? fmt::format(", p {:.4g}", r.test.p) : "");
  result.required = required_text(r.reading);
  if (r.outcome && r.margin)
    result.margin = fmt::format("{:+.6f} bpb from the bound to the margin", -r.bound - *r.margin);
}

RuleResult judge(const Submission& s, const Significance& c) {
  const ReadingOutcome& r = c.deciding();
  const std::string& old = c.old_sample.name;
  RuleResult result;
  switch (c.verdict()) {
    case Verdict::pass:
      result = passed(kId, fmt::format("beats {} (p {:.4g})", old, r.test.p));
      break;
    case Verdict::fail:
      result = failed(kId, Severity::error,
                      fmt::format("the gain over {} is not shown: p {:.4g}, {}", old, r.test.p,
                                  *c.delta < 0 ? "too few seeds or too small a gain" : "the mean is no better"),
                      "Run more seeds (pgverify stats says how many the observed gain needs); a pure systems speed-up "
                      "needs no gain.");
      break;
    default:
      result = inconclusive(kId, Severity::error, fmt::format("no comparison with {}: {}", old, c.reason()),
                            "Ship at least two logged seeds, with val_loss and val_bpb, on both sides.");
  }
  quantify(result, c);
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& last = s.last_run(*run);
    if (result.verdict != Verdict::pass && last.val_bpb)
      result.evidence.push_back(log_evidence(s, *run, last.metric_line, "val_bpb " + last.val_bpb->text));
  }
  return result;
}

}  // namespace

std::vector<RuleResult> check_stat_significance(const Submission& s, const Policy& p) {
  if (s.baselines.empty()) return {not_applicable(kId, "no baseline was given (--baseline DIR)")};
  if (!p.statistics) return {not_applicable(kId, "the policy says nothing about gains over another submission")};
  if (!s.is_record_track()) return {not_applicable(kId, "a gain is asked of the record track only")};
  const SeedSample own = seed_sample(s);
  std::vector<RuleResult> open;
  RuleResult last;
  for (const SeedSample& baseline : s.baselines) {
    RuleResult result = judge(s, compare(own, baseline, *p.statistics, stats::Unit::bpb, Detail::tests));
    if (result.verdict == Verdict::pass)
      last = std::move(result);
    else
      open.push_back(std::move(result));
  }
  if (s.baselines.size() > 1) last.message = fmt::format("beats all {} baselines", s.baselines.size());
  return or_passed(std::move(open), std::move(last));
}

const Rule kRuleStatSignificance{
    kId, "gain over the baseline",
    "Whether the seeds show a gain over the submissions named with --baseline, by the margin and at the level of the "
    "policy's reading.",
    "That the baseline was the right one to beat, that the seeds were not selected, or that the gain is what it seems: "
    "p is the chance of such data without a gain.",
    check_stat_significance};

}  // namespace pg::verify

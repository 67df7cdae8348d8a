#include "verify/rules/claim_score.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CLAIM-SCORE";

struct OtherLine {
  const SubmittedRun* run;
  const MetricLine* metric;  // nullptr: a validation step
};

// A line of any run that prints the claimed value although it is not the run's final score.
std::optional<OtherLine> find_elsewhere(const Submission& s, const Decimal& claim) {
  for (const SubmittedRun& run : s.runs) {
    const LogRun& log = s.last_run(run);
    for (const MetricLine& metric : log.metrics)
      if (agree_as_printed(claim, metric.val_bpb)) return OtherLine{&run, &metric};
    if (log.last_val_step && log.last_val_step->val_bpb && agree_as_printed(claim, *log.last_val_step->val_bpb))
      return OtherLine{&run, nullptr};
  }
  return std::nullopt;
}

// The score is a validation step of training: nothing was evaluated behind quantization.
RuleResult not_evaluated(const Submission& s, const SubmittedRun& run) {
  const LogRun& log = s.last_run(run);
  auto r = failed(
      kId, Severity::error,
      fmt::format(
          "the claimed {} is the last validation before quantization: {} holds no evaluation of the compressed model",
          s.metadata.val_bpb->text, run_name(s, run)),
      "Evaluate the model that was read back from the artifact, and claim that score.");
  r.observed = fmt::format("val_bpb {} at line {}", log.val_bpb->text, log.metric_line);
  r.required = "a score of the quantized, reloaded model";
  r.evidence = {metadata_evidence(s, s.metadata.val_bpb.line,
                                  fmt::format("{}: {}", s.metadata.val_bpb.key, s.metadata.val_bpb->text)),
                log_evidence(s, run, log.metric_line, log.metric_name)};
  return r;
}

RuleResult best_or_one(const Submission& s, const SubmittedRun& run) {
  const LogRun& log = s.last_run(run);
  const bool best = s.recomputed.min_bpb && log.val_bpb->value <= *s.recomputed.min_bpb;
  auto r = failed(kId, Severity::warning,
                  fmt::format("the claimed {} is {} of {} runs; their mean is {:.8f}", s.metadata.val_bpb->text,
                              best ? "the best" : "one", s.recomputed.n, *s.recomputed.mean_bpb),
                  "Claim the mean over all runs of the configuration.");
  r.observed = fmt::format("{} ({})", s.metadata.val_bpb->text, run_name(s, run));
  r.required = fmt::format("the mean, {:.8f}", *s.recomputed.mean_bpb);
  r.margin = fmt::format("{:.6f} bpb", *s.recomputed.mean_bpb - s.metadata.val_bpb->value);
  r.evidence = {
      metadata_evidence(s, s.metadata.val_bpb.line,
                        fmt::format("{}: {}", s.metadata.val_bpb.key, s.metadata.val_bpb->text)),
      log_evidence(s, run, log.metric_line, fmt::format("{} val_bpb {}", log.metric_name, log.val_bpb->text))};
  return r;
}

RuleResult elsewhere(const Submission& s, const OtherLine& found) {
  const LogRun& log = s.last_run(*found.run);
  const std::string name = found.metric != nullptr ? found.metric->name : "a validation step of training";
  const std::uint32_t line = found.metric != nullptr ? found.metric->line : log.last_val_step->line;
  auto r = failed(kId, Severity::warning,
                  fmt::format("the claimed {} is printed as {} in {} (role {}), not as the final score {} of that run",
                              s.metadata.val_bpb->text, name, run_name(s, *found.run), role_name(found.run->role),
                              log.val_bpb ? log.val_bpb->text : "(none)"),
                  "Claim the final score of the submitted evaluation, or say in the README why another line counts.");
  r.evidence = {metadata_evidence(s, s.metadata.val_bpb.line,
                                  fmt::format("{}: {}", s.metadata.val_bpb.key, s.metadata.val_bpb->text)),
                log_evidence(s, *found.run, line, found.metric != nullptr ? found.metric->text : "val step line")};
  return r;
}

// The mean, but cut off instead of rounded, or computed from rounded scores.
RuleResult one_unit_off(const Submission& s) {
  auto r = failed(kId, Severity::info,
                  fmt::format("the claimed {} is one unit of its last digit away from the mean of {} runs, {:.8f}",
                              s.metadata.val_bpb->text, s.recomputed.n, *s.recomputed.mean_bpb),
                  "Round the mean of the unrounded scores.");
  r.observed = s.metadata.val_bpb->text;
  r.required = fmt::format("{:.8f}", *s.recomputed.mean_bpb);
  r.evidence.push_back(metadata_evidence(s, s.metadata.val_bpb.line,
                                         fmt::format("{}: {}", s.metadata.val_bpb.key, s.metadata.val_bpb->text)));
  return r;
}

RuleResult unsupported(const Submission& s) {
  auto r =
      failed(kId, Severity::error,
             fmt::format("the claimed {} is in no log, and no mean of the logs rounds to it", s.metadata.val_bpb->text),
             "Ship the logs that show the score, or claim what the shipped logs show.");
  r.observed = s.recomputed.mean_bpb ? fmt::format("mean of {} runs {:.8f}, from {:.8f} to {:.8f}", s.recomputed.n,
                                                   *s.recomputed.mean_bpb, *s.recomputed.min_bpb, *s.recomputed.max_bpb)
                                     : "no score in the logs";
  r.required = s.metadata.val_bpb->text + " at its own rounding";
  if (s.recomputed.mean_bpb) r.margin = fmt::format("{:+.6f} bpb", s.metadata.val_bpb->value - *s.recomputed.mean_bpb);
  r.evidence.push_back(metadata_evidence(s, s.metadata.val_bpb.line,
                                         fmt::format("{}: {}", s.metadata.val_bpb.key, s.metadata.val_bpb->text)));
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = s.last_run(*run);
    if (log.val_bpb)
      r.evidence.push_back(
          log_evidence(s, *run, log.metric_line, fmt::format("{} val_bpb {}", log.metric_name, log.val_bpb->text)));
  }
  return r;
}

}  // namespace

std::vector<RuleResult> check_claim_score(const Submission& s, const Policy&) {
  if (s.metadata.path.empty()) return {not_applicable(kId, "skipped: no submission.json (PG-FILES-REQUIRED)")};
  if (!s.metadata.val_bpb)
    return {inconclusive(kId, Severity::error,
                         fmt::format("{} claims no val_bpb: there is nothing to verify", s.metadata.path),
                         "State the score as val_bpb.")};
  const Decimal& claim = *s.metadata.val_bpb;
  if (s.runs.empty())
    return {inconclusive(kId, Severity::error,
                         fmt::format("the claimed {} cannot be checked: the folder holds no run log", claim.text),
                         "Ship the train logs.")};
  if (!s.recomputed.mean_bpb) {
    if (const auto found = find_elsewhere(s, claim)) return {elsewhere(s, *found)};
    return {unsupported(s)};
  }
  const auto runs = claimed_runs(s);
  const auto agreeing = std::find_if(runs.begin(), runs.end(), [&](const SubmittedRun* run) {
    const LogRun& log = s.last_run(*run);
    return log.val_bpb && agree_as_printed(claim, *log.val_bpb);
  });
  // A claim with more digits than the only log prints is compared at the log's rounding.
  if (agrees_at_rounding(claim, *s.recomputed.mean_bpb) || (s.recomputed.n == 1 && agreeing != runs.end())) {
    if (s.recomputed.n == 1 && s.last_run(**agreeing).metric < 0) return {not_evaluated(s, **agreeing)};
    auto r =
        passed(kId, s.recomputed.n == 1
                        ? "the claimed score is the only run's"
                        : fmt::format("the claimed score is the mean of {} runs at its own rounding", s.recomputed.n));
    r.observed = fmt::format("{:.8f}", *s.recomputed.mean_bpb);
    r.required = claim.text;
    for (const SubmittedRun* run : runs) {
      const LogRun& log = s.last_run(*run);
      if (log.val_bpb)
        r.evidence.push_back(
            log_evidence(s, *run, log.metric_line, fmt::format("{} val_bpb {}", log.metric_name, log.val_bpb->text)));
    }
    return {std::move(r)};
  }
  if (agreeing != runs.end()) {
    if (s.last_run(**agreeing).metric < 0) return {not_evaluated(s, **agreeing)};
    return {best_or_one(s, **agreeing)};
  }
  if (std::abs(claim.value - *s.recomputed.mean_bpb) <= 2.000001 * claim.half_unit()) return {one_unit_off(s)};
  if (const auto found = find_elsewhere(s, claim)) return {elsewhere(s, *found)};
  return {unsupported(s)};
}

const Rule kRuleClaimScore{
    kId, "claimed score against the logs",
    "The claimed val_bpb is the mean of the claimed runs' final scores at the claim's own rounding; "
    "best-of, single, stale and absent values are told apart.",
    "It compares text with text: whether the logged score was computed rightly is not decided here.",
    check_claim_score};

}  // namespace pg::verify

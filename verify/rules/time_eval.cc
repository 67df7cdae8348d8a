#include "verify/rules/time_eval.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-TIME-EVAL";

bool before_quantization(const PhaseLine& phase) {
  const std::string name = to_lower(phase.name);
  return name.find("pre-quant") != std::string::npos || name.find("post_ema") != std::string::npos ||
         name.find("post-ema") != std::string::npos || name.find("pre_quant") != std::string::npos;
}

bool repeats_a_metric(const PhaseLine& phase) {
  return phase.name.find(":done") != std::string::npos;
}

}  // namespace

EvalTime eval_time(const LogRun& run) {
  EvalTime sum;
  for (const PhaseLine& phase : run.phases) {
    if (before_quantization(phase) || repeats_a_metric(phase)) continue;
    if (phase.phase == PhaseLine::Phase::evaluation) {
      sum.timed_s += phase.seconds;
      sum.parts.push_back(phase);
    } else if (phase.phase == PhaseLine::Phase::warmup) {
      sum.warmup_s += phase.seconds;
      sum.parts.push_back(phase);
    }
  }
  return sum;
}

namespace {

std::string metric_text(const LogRun& log) {
  return log.metric >= 0 ? log.metrics[static_cast<std::size_t>(log.metric)].text : log.metric_name;
}

RuleResult about_metric(const Submission& s, const std::vector<const SubmittedRun*>& runs, RuleResult r) {
  for (const SubmittedRun* run : runs)
    r.evidence.push_back(log_evidence(s, *run, s.last_run(*run).metric_line, metric_text(s.last_run(*run))));
  return r;
}

// The runs whose timers (or timers plus warm-up) sum up to more than the limit, in one result.
RuleResult over_in_sum(const Submission& s, const Policy& p, const std::vector<const SubmittedRun*>& runs,
                       bool with_warmup) {
  std::vector<double> sums;
  for (const SubmittedRun* run : runs) {
    const EvalTime time = eval_time(s.last_run(*run));
    sums.push_back(time.timed_s + (with_warmup ? time.warmup_s : 0));
  }
  auto r = failed(kId, Severity::warning,
                  fmt::format("{}: {} of evaluation if {}; the rules do not say which reading holds",
                              runs_name(s, runs), range_text(sums),
                              with_warmup ? "compile warm-up and loading, outside the timers, count"
                                          : "every evaluation behind quantization counts, not only the claimed one"),
                  with_warmup ? "Keep warm-up plus evaluation below the limit to be safe under either reading."
                              : "Evaluate only what is claimed.");
  const double limit = static_cast<double>(p.eval_limit_ms) / 1000;
  r.observed = range_text(sums);
  r.margin = fmt::format("{:.1f} s over", *std::max_element(sums.begin(), sums.end()) - limit);
  for (const SubmittedRun* run : runs)
    for (const PhaseLine& part : eval_time(s.last_run(*run)).parts)
      if (with_warmup || part.phase == PhaseLine::Phase::evaluation)
        r.evidence.push_back(log_evidence(s, *run, part.line, fmt::format("{}: {:.1f} s", part.name, part.seconds)));
  return r;
}

}  // namespace

std::vector<RuleResult> check_time_eval(const Submission& s, const Policy& p) {
  if (!s.is_record_track()) return {not_applicable(kId, "the evaluation limit binds the record track only")};
  const auto runs = claimed_runs(s);
  if (runs.empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  const double limit = static_cast<double>(p.eval_limit_ms) / 1000;
  std::vector<const SubmittedRun*> over, elsewhere, zero, untimed, sum_over, warmup_over;
  std::int64_t longest = 0;
  for (const SubmittedRun* run : runs) {
    const LogRun& log = s.last_run(*run);
    const EvalTime time = eval_time(log);
    longest = std::max(longest, log.eval_time_ms.value_or(0));
    if (!log.eval_time_ms)
      untimed.push_back(run);
    else if (*log.eval_time_ms == 0)
      zero.push_back(run);
    const bool other_hardware = log.world_size && *log.world_size != p.world_size;
    if (log.eval_time_ms && *log.eval_time_ms > p.eval_limit_ms)
      (other_hardware ? elsewhere : over).push_back(run);
    else if (time.timed_s > limit)
      sum_over.push_back(run);
    if (log.eval_time_ms.value_or(0) <= p.eval_limit_ms && time.warmup_s > 0 && time.timed_s + time.warmup_s > limit)
      warmup_over.push_back(run);
  }
  std::vector<RuleResult> results;
  if (!over.empty()) {
    auto r = failed(
        kId, Severity::error,
        fmt::format("{}: the claimed evaluation takes {}", runs_name(s, over), seconds_text(longest)),
        "Make the evaluation cheaper (larger stride, fewer adaptation steps); its limit is separate from training's.");
    r.observed = seconds_text(longest);
    r.margin = seconds_text(longest - p.eval_limit_ms) + " over";
    results.push_back(about_metric(s, over, std::move(r)));
  }
  if (!elsewhere.empty())
    results.push_back(about_metric(s, elsewhere,
                                   inconclusive(kId, Severity::error,
                                                fmt::format("{}: the claimed evaluation takes longer than allowed, but "
                                                            "not on {} GPUs: it can support the score, not the time",
                                                            runs_name(s, elsewhere), p.world_size),
                                                "Evaluate on 8xH100 within the limit.")));
  if (!sum_over.empty()) results.push_back(over_in_sum(s, p, sum_over, false));
  if (!warmup_over.empty()) results.push_back(over_in_sum(s, p, warmup_over, true));
  if (!zero.empty())
    results.push_back(
        about_metric(s, zero,
                     failed(kId, Severity::warning,
                            fmt::format("{}: the claimed evaluation's timer says 0 ms: it was started after the work",
                                        runs_name(s, zero)),
                            "Start the timer ahead of the evaluation, test-time training included.")));
  if (!untimed.empty())
    results.push_back(about_metric(
        s, untimed,
        inconclusive(kId, Severity::warning,
                     fmt::format("{}: the log prints no time for the claimed evaluation", runs_name(s, untimed)),
                     "Print eval_time:<ms>ms on the metric line.")));
  for (RuleResult& r : results) r.required = fmt::format("at most {}", seconds_text(p.eval_limit_ms));
  auto pass = passed(kId, "every claimed evaluation stays within the limit");
  pass.observed = seconds_text(longest);
  pass.margin = seconds_text(p.eval_limit_ms - longest) + " left";
  pass.required = fmt::format("at most {}", seconds_text(p.eval_limit_ms));
  return or_passed(std::move(results), std::move(pass));
}

const Rule kRuleTimeEval{
    kId, "evaluation time",
    "The claimed evaluation's own timer, and the sum of what the log times behind quantization, stay within the limit.",
    "Loading, decompression and compilation outside the timers are only seen where the log prints them.",
    check_time_eval};

}  // namespace pg::verify

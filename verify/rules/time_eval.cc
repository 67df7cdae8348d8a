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

void check_run(const Submission& s, const Policy& p, const SubmittedRun& run, std::vector<RuleResult>& results) {
  const LogRun& log = s.last_run(run);
  const double limit_s = static_cast<double>(p.eval_limit_ms) / 1000;
  const auto add = [&](RuleResult r, std::uint32_t line, std::string text) {
    r.required = fmt::format("at most {}", seconds_text(p.eval_limit_ms));
    if (line != 0) r.evidence.push_back(log_evidence(s, run, line, std::move(text)));
    results.push_back(std::move(r));
  };
  if (log.eval_time_ms && *log.eval_time_ms > p.eval_limit_ms) {
    auto r = failed(
        kId, Severity::error,
        fmt::format("{}: the claimed evaluation takes {}", run_name(s, run), seconds_text(*log.eval_time_ms)),
        "Make the evaluation cheaper (larger stride, fewer adaptation steps); its limit is separate from training's.");
    r.observed = seconds_text(*log.eval_time_ms);
    r.margin = seconds_text(*log.eval_time_ms - p.eval_limit_ms) + " over";
    add(std::move(r), log.metric_line, log.metric >= 0 ? log.metrics[static_cast<std::size_t>(log.metric)].text : "");
    return;
  }
  if (log.eval_time_ms && *log.eval_time_ms == 0)
    add(failed(kId, Severity::warning,
               fmt::format("{}: the claimed evaluation's timer says 0 ms, so it was started after the work",
                           run_name(s, run)),
               "Start the timer ahead of the evaluation, test-time training included."),
        log.metric_line, log.metric >= 0 ? log.metrics[static_cast<std::size_t>(log.metric)].text : "");
  const EvalTime sum = eval_time(log);
  const double all = sum.timed_s + sum.warmup_s;
  if (all <= limit_s) return;
  const bool timers_alone = sum.timed_s > limit_s;
  const std::string reading =
      timers_alone ? "if every evaluation timer behind quantization counts" : "if the compile warm-up counts";
  auto r = failed(kId, Severity::warning,
                  fmt::format("{}: {:.1f} s of evaluation {} (timers {:.1f} s, warm-up outside them {:.1f} s); the "
                              "rules do not say which reading holds",
                              run_name(s, run), timers_alone ? sum.timed_s : all, reading, sum.timed_s, sum.warmup_s),
                  "Evaluate only what is claimed, and keep warm-up plus evaluation below the limit to be safe under "
                  "either reading.");
  r.observed = fmt::format("{:.1f} s", timers_alone ? sum.timed_s : all);
  r.margin = fmt::format("{:.1f} s over", (timers_alone ? sum.timed_s : all) - limit_s);
  for (const PhaseLine& part : sum.parts)
    r.evidence.push_back(log_evidence(s, run, part.line, fmt::format("{}: {:.1f} s", part.name, part.seconds)));
  r.required = fmt::format("at most {}", seconds_text(p.eval_limit_ms));
  results.push_back(std::move(r));
}

}  // namespace

std::vector<RuleResult> check_time_eval(const Submission& s, const Policy& p) {
  if (!s.is_record_track()) return {not_applicable(kId, "the evaluation limit binds the record track only")};
  const auto runs = claimed_runs(s);
  if (runs.empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results;
  std::optional<std::int64_t> longest;
  std::vector<const SubmittedRun*> untimed;
  for (const SubmittedRun* run : runs) {
    check_run(s, p, *run, results);
    const auto& ms = s.last_run(*run).eval_time_ms;
    if (ms) longest = std::max(longest.value_or(0), *ms);
    if (!ms) untimed.push_back(run);
  }
  if (!untimed.empty()) {
    auto r = inconclusive(
        kId, Severity::warning,
        fmt::format("{} of {} claimed runs print no time for their evaluation", untimed.size(), runs.size()),
        "Print eval_time:<ms>ms on the metric line.");
    for (const SubmittedRun* run : untimed)
      r.evidence.push_back(log_evidence(s, *run, s.last_run(*run).metric_line, s.last_run(*run).metric_name));
    results.push_back(std::move(r));
  }
  auto pass = passed(kId, "every claimed evaluation stays within the limit");
  if (longest) {
    pass.observed = seconds_text(*longest);
    pass.margin = seconds_text(p.eval_limit_ms - *longest) + " left";
  }
  pass.required = fmt::format("at most {}", seconds_text(p.eval_limit_ms));
  return or_passed(std::move(results), std::move(pass));
}

const Rule kTimeEval{
    kId, "evaluation time",
    "The claimed evaluation's own timer, and the sum of what the log times behind quantization, stay within the limit.",
    "Loading, decompression and compilation outside the timers are only seen where the log prints them.",
    check_time_eval};

}  // namespace pg::verify

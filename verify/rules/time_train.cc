#include "verify/rules/time_train.h"

#include <fmt/format.h>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-TIME-TRAIN";

void check_run(const Submission& s, const Policy& p, const SubmittedRun& run, std::vector<RuleResult>& results) {
  const LogRun& log = s.last_run(run);
  if (!log.train_time_ms) {
    auto r = inconclusive(kId, Severity::warning, fmt::format("{} prints no training time", run_name(s, run)),
                          "Ship the log of the training run, with its stopping_early or step lines.");
    r.evidence.push_back(log_evidence(s, run, 0, ""));
    r.required = fmt::format("at most {}", seconds_text(p.train_limit_ms));
    results.push_back(std::move(r));
    return;
  }
  const std::int64_t over = *log.train_time_ms - p.train_limit_ms;
  if (over <= 0) return;
  const bool last_step = over <= p.last_step_tolerance_ms;
  const bool other_hardware = log.world_size && *log.world_size != p.world_size;
  std::string message;
  if (last_step)
    message = fmt::format(
        "{} trains {} ms over: the cap is tested after each step, so one step's overshoot is accepted practice",
        run_name(s, run), over);
  else if (other_hardware)
    message = fmt::format(
        "{} trains {} on {} GPUs: not the {} GPUs of the limit, so it can support the score but not the time",
        run_name(s, run), seconds_text(*log.train_time_ms), *log.world_size, p.world_size);
  else
    message = fmt::format("{} trains {} over the limit", run_name(s, run), seconds_text(over));
  auto r = failed(
      kId,
      last_step        ? Severity::info
      : other_hardware ? Severity::warning
                       : Severity::error,
      message,
      last_step
          ? ""
          : "Lower max_wallclock_seconds (it must also cover what runs between the last step and the stop) and rerun.");
  r.observed = seconds_text(*log.train_time_ms);
  r.required =
      fmt::format("at most {}, {} ms for the last step", seconds_text(p.train_limit_ms), p.last_step_tolerance_ms);
  r.margin = fmt::format("{} ms over", with_commas(over));
  r.evidence.push_back(
      log_evidence(s, run, log.train_time_ms.line, fmt::format("train_time {} ms", *log.train_time_ms)));
  results.push_back(std::move(r));
}

}  // namespace

std::vector<RuleResult> check_time_train(const Submission& s, const Policy& p) {
  if (!s.is_record_track()) return {not_applicable(kId, "the training limit binds the record track only")};
  const auto runs = claimed_runs(s);
  if (runs.empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results;
  std::int64_t longest = 0;
  for (const SubmittedRun* run : runs) {
    check_run(s, p, *run, results);
    longest = std::max(longest, s.last_run(*run).train_time_ms.value.value_or(0));
  }
  auto pass = passed(kId, fmt::format("every claimed run trains within {}", seconds_text(p.train_limit_ms)));
  pass.observed = seconds_text(longest);
  pass.required = fmt::format("at most {}", seconds_text(p.train_limit_ms));
  pass.margin = fmt::format("{} left", seconds_text(p.train_limit_ms - longest));
  return or_passed(std::move(results), std::move(pass));
}

const Rule kTimeTrain{
    kId, "training time",
    "The training timer of every claimed run stays within the limit, the last step's overshoot aside.",
    "It is the submission's own timer: what runs outside it (PG-TIME-PHASES) and whether it is honest is not decided "
    "here.",
    check_time_train};

}  // namespace pg::verify

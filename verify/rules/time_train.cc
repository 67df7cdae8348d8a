#include "verify/rules/time_train.h"

#include <fmt/format.h>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-TIME-TRAIN";

struct Overrun {
  std::vector<const SubmittedRun*> runs;
  std::int64_t largest_ms = 0;
};

void add_evidence(const Submission& s, const std::vector<const SubmittedRun*>& runs, RuleResult& r) {
  for (const SubmittedRun* run : runs) {
    const LogRun& log = training_of(s, *run);
    r.evidence.push_back(log_evidence(s, training_run(s, *run), log.train_time_ms.line,
                                      log.train_time_ms ? fmt::format("train_time {} ms", *log.train_time_ms) : ""));
  }
}

RuleResult overrun(const Submission& s, const Policy& p, const Overrun& over, Severity severity, std::string message,
                   std::string help) {
  auto r = failed(kId, severity, std::move(message), std::move(help));
  r.observed = seconds_text(p.train_limit_ms + over.largest_ms);
  r.required =
      fmt::format("at most {}, {} ms more for the last step", seconds_text(p.train_limit_ms), p.last_step_tolerance_ms);
  r.margin = fmt::format("{} ms over", with_commas(over.largest_ms));
  add_evidence(s, over.runs, r);
  return r;
}

}  // namespace

std::vector<RuleResult> check_time_train(const Submission& s, const Policy& p) {
  if (!s.is_record_track()) return {not_applicable(kId, "the training limit binds the record track only")};
  const auto runs = claimed_runs(s);
  if (runs.empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  Overrun last_step, elsewhere, real;
  std::vector<const SubmittedRun*> untimed;
  std::int64_t longest = 0;
  for (const SubmittedRun* run : runs) {
    const LogRun& log = training_of(s, *run);
    if (!log.train_time_ms) {
      untimed.push_back(run);
      continue;
    }
    longest = std::max(longest, *log.train_time_ms);
    const std::int64_t over = *log.train_time_ms - p.train_limit_ms;
    if (over <= 0) continue;
    const bool other_hardware = log.world_size && *log.world_size != p.world_size;
    Overrun& kind = over <= p.last_step_tolerance_ms ? last_step : other_hardware ? elsewhere : real;
    kind.runs.push_back(run);
    kind.largest_ms = std::max(kind.largest_ms, over);
  }
  std::vector<RuleResult> results;
  if (!real.runs.empty())
    results.push_back(
        overrun(s, p, real, Severity::error,
                fmt::format("{}: training takes {} more than allowed, {} ms beyond what a last step may take",
                            runs_name(s, real.runs), seconds_text(real.largest_ms),
                            with_commas(real.largest_ms - p.last_step_tolerance_ms)),
                "Lower max_wallclock_seconds so that everything up to the stop fits, and rerun."));
  if (!elsewhere.runs.empty()) {
    results.push_back(overrun(
        s, p, elsewhere, Severity::error,
        fmt::format("{}: {} of training, but not on {} GPUs: it can support the score, not the time",
                    runs_name(s, elsewhere.runs), seconds_text(p.train_limit_ms + elsewhere.largest_ms), p.world_size),
        "Rerun on 8xH100 within the limit."));
    results.back().verdict = Verdict::inconclusive;  // the limit is for another machine
  }
  if (!last_step.runs.empty())
    results.push_back(overrun(
        s, p, last_step, Severity::info,
        fmt::format(
            "{}: up to {} ms over, the last step's overshoot: the cap is tested after each step, accepted practice",
            runs_name(s, last_step.runs), last_step.largest_ms),
        ""));
  if (!untimed.empty()) {
    auto r =
        inconclusive(kId, Severity::error, fmt::format("{}: the log prints no training time", runs_name(s, untimed)),
                     "Ship the log of the training run, with its stopping_early or step lines.");
    r.required = fmt::format("at most {}", seconds_text(p.train_limit_ms));
    add_evidence(s, untimed, r);
    results.push_back(std::move(r));
  }
  auto pass = passed(kId, fmt::format("every claimed run trains within {}", seconds_text(p.train_limit_ms)));
  pass.observed = seconds_text(longest);
  pass.required = fmt::format("at most {}", seconds_text(p.train_limit_ms));
  pass.margin = fmt::format("{} left", seconds_text(p.train_limit_ms - longest));
  return or_passed(std::move(results), std::move(pass));
}

const Rule kRuleTimeTrain{
    kId, "training time",
    "The training timer of every claimed run stays within the limit, the last step's overshoot aside.",
    "It is the submission's own timer: what runs outside it (PG-TIME-PHASES) and whether it is honest is not decided "
    "here.",
    check_time_train};

}  // namespace pg::verify

#include "verify/rules/time_phases.h"

#include <fmt/format.h>

#include <algorithm>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-TIME-PHASES";
using Phase = PhaseLine::Phase;

bool outside_timers(const PhaseLine& phase) {
  return phase.phase == Phase::calibration || phase.phase == Phase::quantization || phase.phase == Phase::serialization;
}

bool is_total(const PhaseLine& phase) {
  return phase.name.find("total") != std::string::npos;
}

// Seconds of a kind; a line that names itself a total stands for the lines it sums up.
double seconds(const LogRun& run, Phase kind) {
  double sum = 0, total = 0;
  for (const PhaseLine& phase : run.phases) {
    if (phase.phase != kind) continue;
    (is_total(phase) ? total : sum) += phase.seconds;
  }
  return std::max(sum, total);
}

void add_evidence(const Submission& s, const SubmittedRun& run, RuleResult& r) {
  for (const PhaseLine& phase : s.last_run(run).phases)
    if (outside_timers(phase) || phase.phase == Phase::other)
      r.evidence.push_back(log_evidence(s, run, phase.line, fmt::format("{}: {:.1f} s", phase.name, phase.seconds)));
}

}  // namespace

std::vector<RuleResult> check_time_phases(const Submission& s, const Policy& p) {
  if (!s.is_record_track()) return {not_applicable(kId, "the limits bind the record track only")};
  const double limit = static_cast<double>(p.train_limit_ms) / 1000;
  std::vector<RuleResult> results;
  std::vector<const SubmittedRun*> listed;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = s.last_run(*run);
    const double train = static_cast<double>(log.train_time_ms.value.value_or(0)) / 1000;
    // Quantization in total includes its calibration where the log prints both.
    const double calibration = std::max(seconds(log, Phase::calibration), seconds(log, Phase::quantization));
    const double artifact = calibration + seconds(log, Phase::serialization);
    const bool own_timer_over = train > limit + static_cast<double>(p.last_step_tolerance_ms) / 1000;
    if (artifact > 0) listed.push_back(run);
    if (train <= 0 || own_timer_over || train + artifact <= limit || artifact <= 0) continue;
    const bool by_calibration = train + calibration > limit && calibration > 0;
    auto r = failed(
        kId, Severity::warning,
        fmt::format("{}: training {:.1f} s plus {} {:.1f} s is {:.1f} s; the rules do not say whether producing the "
                    "artifact is training time, "
                    "and calibration that reads training data behind the cap has been ruled out",
                    run_name(s, *run), train,
                    by_calibration ? "calibration and quantization" : "quantization and compression",
                    by_calibration ? calibration : artifact, train + (by_calibration ? calibration : artifact)),
        "Reserve the time inside the training budget (gptq_reserve_seconds), or calibrate on generated sequences.");
    r.observed = fmt::format("{:.1f} s", train + artifact);
    r.required = fmt::format("at most {:.0f} s under the stricter reading", limit);
    r.margin = fmt::format("{:.1f} s over", train + artifact - limit);
    add_evidence(s, *run, r);
    results.push_back(std::move(r));
  }
  // Artifact production that a log times and bounds itself, reruns included: the author's own limit.
  for (const SubmittedRun& run : s.runs) {
    for (const PhaseLine& phase : s.last_run(run).phases) {
      if (phase.name != "artifact production in total" || phase.seconds <= limit) continue;
      auto r =
          failed(kId, Severity::warning,
                 fmt::format(
                     "{}: the log times artifact production at {:.1f} s and says itself that it must be below {:.0f} s",
                     run_name(s, run), phase.seconds, limit));
      r.evidence.push_back(
          log_evidence(s, run, phase.line, fmt::format("artifact_production_wallclock {:.3f} s", phase.seconds)));
      results.push_back(std::move(r));
    }
  }
  if (results.empty() && !listed.empty()) {
    auto r = passed(kId, "phases outside the timers fit into the training limit together with training");
    add_evidence(s, *listed.front(), r);
    return {std::move(r)};
  }
  return or_passed(std::move(results), passed(kId, "the logs time nothing outside training and evaluation"));
}

const Rule kTimePhases{
    kId, "phases outside the timers",
    "Calibration, quantization, compression and warm-up that the logs time beside training: listed, and summed against "
    "the limit.",
    "A phase that the log does not time is not seen. Which reading of the limit holds is not settled by the rules.",
    check_time_phases};

}  // namespace pg::verify

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

void add_evidence(const Submission& s, const SubmittedRun& run, RuleResult& r) {
  for (const PhaseLine& phase : training_of(s, run).phases)
    if (outside_timers(phase) || phase.phase == Phase::other)
      r.evidence.push_back(
          log_evidence(s, training_run(s, run), phase.line, fmt::format("{}: {:.1f} s", phase.name, phase.seconds)));
}

bool generates_its_data(const LogRun& run) {
  return std::any_of(run.phases.begin(), run.phases.end(),
                     [](const PhaseLine& phase) { return phase.name == "GPTQ calibration generation"; });
}

// The claimed runs whose training and artifact production together pass the limit, in one result.
std::vector<RuleResult> check_sums(const Submission& s, const Policy& p) {
  const double limit = static_cast<double>(p.train_limit_ms) / 1000;
  std::vector<const SubmittedRun*> over;
  std::vector<double> sums;
  bool generated = true, by_calibration = true;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = training_of(s, *run);
    const double train = static_cast<double>(log.train_time_ms.value.value_or(0)) / 1000;
    // Quantization in total includes its calibration where the log prints both.
    const double calibration =
        std::max(phase_seconds(log, Phase::calibration), phase_seconds(log, Phase::quantization));
    const double artifact = artifact_seconds(log);
    const bool own_timer_over = train > limit + static_cast<double>(p.last_step_tolerance_ms) / 1000;
    if (train <= 0 || own_timer_over || artifact <= 0 || train + artifact <= limit) continue;
    over.push_back(run);
    by_calibration = by_calibration && train + calibration > limit;
    sums.push_back(train + (train + calibration > limit ? calibration : artifact));
    generated = generated && generates_its_data(log);
  }
  if (over.empty()) return {};
  const std::string what = !by_calibration ? "compression"
                           : generated     ? "calibration on text that the model generates"
                                           : "calibration";
  auto r = failed(
      kId, Severity::warning,
      fmt::format("{}: training plus {} takes {}, over {:.0f} s if producing the artifact counts as training; the "
                  "rules do not say{}",
                  runs_name(s, over), what, range_text(sums), limit,
                  by_calibration && !generated ? " (reading training data behind the cap has been ruled out)" : ""),
      "Reserve the time inside the training budget (gptq_reserve_seconds).");
  const double worst = *std::max_element(sums.begin(), sums.end());
  r.observed = range_text(sums);
  r.required = fmt::format("at most {:.0f} s under the stricter reading", limit);
  r.margin = fmt::format("{:.1f} s over", worst - limit);
  for (const SubmittedRun* run : over) add_evidence(s, *run, r);
  return {std::move(r)};
}

// Artifact production that a log times and bounds itself, reruns included: the author's own limit.
std::vector<RuleResult> check_own_bounds(const Submission& s, const Policy& p) {
  const double limit = static_cast<double>(p.train_limit_ms) / 1000;
  std::vector<RuleResult> results;
  for (const SubmittedRun& run : s.runs) {
    for (const PhaseLine& phase : s.last_run(run).phases) {
      if (phase.name != "artifact production in total" || phase.seconds <= limit) continue;
      if (results.empty())
        results.push_back(failed(
            kId, Severity::warning,
            fmt::format("{} ({}) times artifact production at {:.1f} s and says itself that it must be below {:.0f} s",
                        run_name(s, run), role_name(run.role), phase.seconds, limit)));
      results.back().evidence.push_back(
          log_evidence(s, run, phase.line, fmt::format("artifact_production_wallclock {:.3f} s", phase.seconds)));
    }
  }
  return results;
}

}  // namespace

std::vector<RuleResult> check_time_phases(const Submission& s, const Policy& p) {
  if (!s.is_record_track()) return {not_applicable(kId, "the limits bind the record track only")};
  if (claimed_runs(s).empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results = check_sums(s, p);
  for (RuleResult& r : check_own_bounds(s, p)) results.push_back(std::move(r));
  if (!results.empty()) return results;
  auto pass = passed(kId, "the logs time nothing between training and evaluation");
  for (const SubmittedRun* run : claimed_runs(s)) add_evidence(s, *run, pass);
  if (!pass.evidence.empty())
    pass.message =
        "what the logs time between training and evaluation fits into the training limit together with training";
  return {std::move(pass)};
}

const Rule kRuleTimePhases{
    kId, "phases outside the timers",
    "Calibration, quantization, compression and warm-up that the logs time beside training: listed, and summed against "
    "the limit.",
    "A phase that the log does not time is not seen. Which reading of the limit holds is not settled by the rules.",
    check_time_phases};

}  // namespace pg::verify

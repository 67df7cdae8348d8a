#include "verify/rules/time_hardware.h"

#include <fmt/format.h>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-TIME-HARDWARE";

}  // namespace

std::vector<RuleResult> check_time_hardware(const Submission& s, const Policy& p) {
  if (!s.is_record_track()) return {not_applicable(kId, "8xH100 is required of the record track only")};
  if (claimed_runs(s).empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results;
  bool named = false;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = s.last_run(*run);
    named = named || log.gpu;
    const bool count = log.world_size && *log.world_size != p.world_size;
    const bool other_gpu = log.gpu && log.gpu->find("H100") == std::string::npos;
    if (!count && !other_gpu) continue;
    auto r = failed(
        kId, Severity::warning,
        fmt::format("{} ran on {} {}", run_name(s, *run), log.world_size ? std::to_string(*log.world_size) + "x" : "",
                    log.gpu ? *log.gpu : "GPU (not named in the log)"),
        "Times count on 8xH100; a run elsewhere supports the score only.");
    r.required = fmt::format("{}xH100", p.world_size);
    if (other_gpu) r.evidence.push_back(log_evidence(s, *run, log.gpu.line, *log.gpu));
    if (count)
      r.evidence.push_back(log_evidence(s, *run, log.world_size.line, fmt::format("world size {}", *log.world_size)));
    results.push_back(std::move(r));
  }
  return or_passed(std::move(results), passed(kId, named ? "the logs show 8xH100"
                                                         : "8 processes where the logs say; no log names the GPU"));
}

const Rule kRuleTimeHardware{
    kId, "hardware", "The claimed runs' logs show eight processes on H100 GPUs.",
    "Only logs with an nvidia-smi dump name the GPU, and a log is text: it is not proof of the machine.",
    check_time_hardware};

}  // namespace pg::verify

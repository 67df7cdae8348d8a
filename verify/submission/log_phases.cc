// Durations that a log prints beside training and evaluation (records.md 4.4 and 4.5).
#include <algorithm>

#include "verify/submission/line_pattern.h"
#include "verify/submission/log_lines.h"

namespace pg::verify {
namespace {

struct PhasePattern {
  std::string_view pattern;  // one ~ or # : the duration
  PhaseLine::Phase phase;
  std::string_view name;
  double seconds_per_unit = 1;
};
using Phase = PhaseLine::Phase;
// The # or ~ that is the duration is the last capture.
constexpr PhasePattern kPhases[] = {
    {"GPTQ:collected # Hessians in ~s", Phase::calibration, "GPTQ Hessian collection"},
    {"gptq:generated # sequences in ~s", Phase::calibration, "GPTQ calibration generation"},
    {"gptq:generated # seqs in ~s", Phase::calibration, "GPTQ calibration generation"},
    {"gptq:calibrated # layers in ~s", Phase::calibration, "GPTQ calibration"},
    {"gptq:quantization complete in ~s total", Phase::quantization, "GPTQ in total"},
    {"gptq:done in ~s", Phase::quantization, "GPTQ in total"},
    {"GPTQ:quantized in ~s", Phase::quantization, "GPTQ quantization"},
    {"GPTQ:compressed+saved in ~s", Phase::serialization, "compression"},
    {"Serialize: per-group compression done in ~s", Phase::serialization, "per-group compression"},
    {"Deserialize: decompression done in ~s", Phase::warmup, "decompression"},
    {"serialize_wallclock: ~s", Phase::serialization, "serialization in total"},
    {"artifact_production_wallclock: ~s*", Phase::other, "artifact production in total"},
    {"wallclock:post_gptq total_elapsed:~s*", Phase::other, "elapsed after GPTQ"},
    {"ttt_lora:compile warmup done (~s)", Phase::warmup, "TTT compile warm-up"},
    {"ngram_tilt:precompute *elapsed=~s*", Phase::evaluation, "n-gram precompute"},
    {"temp_scaling optimal_T:~ eval_time:#ms", Phase::evaluation, "temperature search", 0.001},
    {"temp_scaling optimal_T:~ time:#ms", Phase::evaluation, "temperature search", 0.001},
    {"ttt:completed steps:# time:~s", Phase::evaluation, "TTT loop"},
};

// First letters of the patterns: most lines are out after one look.
constexpr std::string_view kPhaseStarts = "GgSDsawtn";

}  // namespace

bool RunCollector::add_phase(std::string_view text, std::uint32_t number) {
  if (kPhaseStarts.find(text[0]) == std::string_view::npos) return false;
  Captures c;
  for (const PhasePattern& p : kPhases) {
    if (p.pattern[0] != text[0] || !match_line(text, p.pattern, c)) continue;
    const auto value = parse_decimal(c[c.count - 1]);
    if (value)
      keep(current().phases, PhaseLine{p.phase, number, std::string(p.name), value->value * p.seconds_per_unit, false});
    return true;
  }
  return false;
}

double phase_seconds(const LogRun& run, PhaseLine::Phase kind) {
  double sum = 0, total = 0;
  for (const PhaseLine& phase : run.phases) {
    if (phase.phase != kind) continue;
    (phase.name.find("total") != std::string::npos ? total : sum) += phase.seconds;
  }
  return std::max(sum, total);
}

double artifact_seconds(const LogRun& run) {
  return std::max(phase_seconds(run, Phase::calibration), phase_seconds(run, Phase::quantization)) +
         phase_seconds(run, Phase::serialization);
}

}  // namespace pg::verify

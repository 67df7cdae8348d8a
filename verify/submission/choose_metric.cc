// Which of a log's metric lines is the claimed one (records.md 5).
#include <algorithm>
#include <array>

#include "reference/base/text.h"
#include "verify/submission/log.h"
#include "verify/submission/log_lines.h"

namespace pg::verify {
namespace {

// Best first. Holds the names seen in merged folders; final_int6_ttt is left out on purpose (an experiment behind the
// claim there), see rank() for names that are not listed.
constexpr std::array<std::string_view, 17> kPriority = {
    "quantized_ttt_phased",
    "quantized_ttt_lora",
    "quantized_ttt",
    "legal_ttt_exact",
    "final_int8_ttt_lora",
    "final_ttt_lora",
    "final_int8_zlib_roundtrip_exact sliding",
    "quantized_sliding_window",
    "final_int6_sliding_window_exact",
    "final_int6_sliding_window",
    "final_sliding_window_eval_exact",
    "final_sliding_window_exact",
    "final_sliding",
    "final_int8_zlib_roundtrip_exact",
    "final_INT7_zlib_roundtrip",
    "legal_ttt",
    "final_int8_zlib_roundtrip",
};

// Plain evaluations that stand beside a sliding or adapting one in merged folders: chosen only where nothing better is
// printed, and a claim is not followed to them.
constexpr std::array<std::string_view, 4> kPlainEvaluations = {
    "quantized", "final_int6_roundtrip", "final_int6_roundtrip_exact", "final_int8_zlib_roundtrip sliding"};

bool contains(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

// Evaluations of something else than the final artifact.
bool is_diagnostic(std::string_view lower) {
  for (const std::string_view word :
       {"diagnostic", "pre-quant", "pre_quant",   "prequant",    "post_ema",     "post-ema", "candidate",
        "selected_",  "ablation",  "sweep",       "temp_search", "temp_re",      "best_",    "swa_eval",
        "ema_eval",   "raw_",      "neural_only", "unquant",     "static",       "train",    "k_eval",
        "evolve",     "gain",      "gap",         "enabled",     "storage_pass", "fp_exact"})
    if (contains(lower, word)) return true;
  return false;
}

constexpr int kDiagnostic = 100000;  // never chosen

// Lower is better. Listed names come in their order; an unlisted name stands beside the listed ones of its kind, below
// them.
int rank(std::string_view name) {
  const auto it = std::find(kPriority.begin(), kPriority.end(), name);
  if (it != kPriority.end()) return 10 * static_cast<int>(it - kPriority.begin());
  // "final_ttt_lora_exact" is final_ttt_lora with all its decimals.
  if (name.ends_with("_exact")) {
    const auto base = std::find(kPriority.begin(), kPriority.end(), name.substr(0, name.size() - 6));
    if (base != kPriority.end()) return 10 * static_cast<int>(base - kPriority.begin()) - 1;
  }
  const std::string lower = to_lower(name);
  if (is_diagnostic(lower)) return kDiagnostic;
  const int exact = lower.ends_with("_exact") ? 0 : 1;
  if (contains(lower, ":done") || name == "val_bpb") return 300 + exact;
  if (contains(lower, "sliding")) return 125 + exact;  // behind final_sliding, ahead of the round trips
  if (contains(lower, "ttt") || contains(lower, "slot") || contains(lower, "ngram") || contains(lower, "ppm") ||
      contains(lower, "mix"))
    return 127 + exact;
  if (contains(lower, "roundtrip") || contains(lower, "final")) return 200 + exact;
  if (contains(lower, "quantized")) return 220 + exact;
  return 250 + exact;
}

// "final_int6_sliding_window_exact" -> "final_int6_sliding_window": the sibling with fewer decimals that carries the
// timer.
std::string sibling(std::string name) {
  if (const auto at = name.find("_exact"); at != std::string::npos) name.erase(at, 6);
  return name;
}

}  // namespace

bool is_listed_metric(std::string_view name) {
  const auto in = [&](const auto& list) { return std::find(list.begin(), list.end(), name) != list.end(); };
  return in(kPriority) || in(kPlainEvaluations) || is_diagnostic(to_lower(name));
}

void use_metric(LogRun& run, std::size_t index) {
  const MetricLine& metric = run.metrics[index];
  run.metric = static_cast<int>(index);
  run.metric_name = metric.name;
  run.metric_line = metric.line;
  run.val_loss = metric.val_loss;
  run.val_bpb = metric.val_bpb;
  run.eval_time_ms = metric.eval_time_ms;
  const std::string other = sibling(metric.name);
  for (auto m = run.metrics.rbegin(); m != run.metrics.rend() && !run.eval_time_ms; ++m)
    if (m->name == other) run.eval_time_ms = m->eval_time_ms;
}

void choose_metric(LogRun& run) {
  run.metric = -1;
  run.metric_name.clear();
  run.metric_line = 0;
  run.val_loss.reset();
  run.val_bpb.reset();
  run.eval_time_ms.reset();
  int best = -1;
  for (std::size_t i = 0; i < run.metrics.size(); ++i) {
    const int r = rank(run.metrics[i].name);
    // Of equal names the last line holds: earlier ones belong to intermediate states.
    if (r != kDiagnostic && (best < 0 || r <= rank(run.metrics[static_cast<std::size_t>(best)].name)))
      best = static_cast<int>(i);
  }
  if (best >= 0) {
    use_metric(run, static_cast<std::size_t>(best));
  } else if (run.last_val_step) {
    run.metric_name = kStepMetric;
    run.metric_line = run.last_val_step->line;
    run.val_loss = run.last_val_step->val_loss;
    run.val_bpb = run.last_val_step->val_bpb;
  }
}

void resolve_run(LogRun& run) {
  resolve_sizes(run);
  run.train_time_ms = run.stop_train_time_ms;
  run.steps = run.stop_step;
  // Limited by iterations: the last validation, which is also what the score belongs to, else the last step at all.
  const auto& end = run.last_val_step && run.last_val_step->train_time_ms ? run.last_val_step : run.last_step;
  if (!run.train_time_ms && end && end->train_time_ms) {
    run.train_time_ms.value = end->train_time_ms;
    run.train_time_ms.line = end->line;
  }
  if (!run.steps && end) {
    run.steps.value = end->step;
    run.steps.line = end->line;
  }
  for (const MetricLine& m : run.metrics)
    if (m.eval_time_ms)
      run.phases.push_back(
          {PhaseLine::Phase::evaluation, m.line, m.name, static_cast<double>(*m.eval_time_ms) / 1000, true});
  choose_metric(run);
}

}  // namespace pg::verify

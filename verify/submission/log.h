#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/decimal.h"
#include "reference/base/result.h"
#include "verify/submission/loss_curve.h"

namespace pg::verify {

// A value a log prints, with its 1-based line.
template <class T>
struct Logged {
  std::optional<T> value;
  std::uint32_t line = 0;

  explicit operator bool() const { return value.has_value(); }
  const T& operator*() const { return *value; }
  const T* operator->() const { return &*value; }
};

// "<name> val_loss:N val_bpb:N [eval_time:Nms ...]" behind training: an evaluation's result.
struct MetricLine {
  std::uint32_t line = 0;
  std::string name;                 // as printed in front of val_loss, without parameters such as stride:64
  std::optional<Decimal> val_loss;  // nats per token
  Decimal val_bpb;                  // bits per byte
  std::optional<std::int64_t> eval_time_ms;
  std::string text;  // the line
};

// A number beside "bpb" on a line that is no metric line of a known form ("TTT BPB: 1.0783", "eval:ttt bpb:0.4416").
// Only a claim can tell whether it is a result.
struct ScoreMention {
  std::uint32_t line = 0;
  Decimal val_bpb;
  std::string text;
};

// A validation or training step of the progress output.
struct StepLine {
  std::uint32_t line = 0;
  std::int64_t step = 0, iterations = 0;
  std::optional<std::int64_t> train_time_ms;
  std::optional<Decimal> val_loss, val_bpb;
};

struct SizeLine {
  // raw_*: uncompressed state, never the artifact. code_packed / code_plain: the two "Code size (...)" lines.
  enum class Kind { raw_model, raw_total, model, total, code, code_packed, code_plain, budget };
  Kind kind;
  std::uint32_t line = 0;
  std::string tag;  // the label as printed ("int8+zlib"); it can lie
  std::int64_t bytes = 0;
};

// A duration that a log prints besides train_time and the claimed evaluation's own timer.
struct PhaseLine {
  enum class Phase { train, calibration, quantization, serialization, evaluation, warmup, other };
  Phase phase;
  std::uint32_t line = 0;
  std::string name;
  double seconds = 0;
  bool on_metric_line = false;
};

// What a line with a number behind a name begins with: "ngram_cache" of "ngram_cache:enabled alpha=0.4". The names of
// what the script printed, whatever grammar it has.
struct LineBeginning {
  std::string name;             // up to the first of ":=[(", or to a blank ahead of a digit; at most 80 bytes
  std::uint32_t line = 0;       // the first such line
  std::uint32_t last_line = 0;  // the last one
  std::string text;             // of the first, at most 200 bytes
};

// Source text that the script printed into its own log.
struct EmbeddedSource {
  std::uint32_t first_line = 0, last_line = 0;
  std::uint64_t bytes = 0;  // without the one trailing newline that the logger adds
  std::string sha256;       // of those bytes
  std::string text;         // those bytes; empty where larger than 4 MiB
};

// One run of a training script, as its log tells it.
struct LogRun {
  std::uint32_t first_line = 0, last_line = 0;
  std::optional<EmbeddedSource> source;
  Logged<std::int64_t> seed, world_size, val_tokens, model_params, vocab_size;
  Logged<std::string> torch, gpu;
  Logged<double> max_wallclock_s, gptq_reserve_s;
  std::map<std::string, Logged<std::string>> hyperparameters;
  std::optional<StepLine> first_step, last_step, last_val_step;         // last_step: training or validation
  LossCurve train_loss_curve, val_loss_curve, val_bpb_curve;            // of the step lines, for drawing
  Logged<std::int64_t> stop_train_time_ms, stop_step, stop_iterations;  // "stopping_early: wallclock_cap"
  std::vector<MetricLine> metrics;
  std::vector<ScoreMention> mentions;  // the newest 256
  std::vector<SizeLine> sizes;
  std::vector<PhaseLine> phases;
  std::vector<LineBeginning> beginnings;               // distinct, step lines left out; the first 256
  Logged<std::string> limited_eval;                    // a line saying that only part of the validation set was scored
  std::map<std::string, Logged<std::string>> markers;  // "final_eval_mode", "byte_sidecar" ... lines other rules read
  // Has a step, stop or size line or a final metric: a header behind it belongs to the next run.
  bool progressed() const;

  // Chosen by choose_metric (records.md 5):
  int metric = -1;          // index into metrics; -1: none, then last_val_step stands in where it exists
  std::string metric_name;  // kStepMetric where last_val_step stands in; empty: no score at all
  std::uint32_t metric_line = 0;
  std::optional<Decimal> val_loss, val_bpb;
  std::optional<std::int64_t> eval_time_ms;  // of the claimed line or of its sibling with fewer decimals
  // Resolved from the lines above:
  Logged<std::int64_t> train_time_ms, steps;
  Logged<std::int64_t> bytes_total, bytes_model, bytes_code;
};

inline constexpr std::string_view kStepMetric = "step val line (no post-quant metric in log)";

// A log file of a submission folder.
struct LogFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::string sha256;
  std::uint32_t lines = 0;
  bool has_invalid_utf8 = false, has_crlf = false, has_nul = false, has_epoch_prefix = false, is_utf16 = false,
       ends_without_newline = false;
  std::uint32_t long_lines = 0;      // lines cut at 64 KiB
  bool too_many_events = false;      // more facts than the reader keeps; the newest are kept
  std::vector<LogRun> runs;          // in file order; the last one is the claim's
  bool same_run_twice = false;       // console capture and log file of one run, concatenated
  std::uint32_t aborted_starts = 0;  // headers without a step behind them; not among `runs` where a real run exists
  bool is_run_log() const;           // has steps, a stop line or a final metric
};

// Reads a log in bounded memory (lines are cut at 64 KiB, facts capped), hashing it on the way.
Result<LogFile> read_log(const std::filesystem::path& file, std::string path);
// The same from memory, for tests and fuzzing.
LogFile read_log_text(std::string path, std::string_view content);

// Seconds of a kind of phase; a line that names itself a total stands for the lines it sums up.
double phase_seconds(const LogRun& run, PhaseLine::Phase kind);
// Calibration or quantization (which includes it where the log prints both) and serialization.
double artifact_seconds(const LogRun& run);

// Picks the run's claimed metric by the priority list of records.md 5 and fills the fields from `metric` on.
void choose_metric(LogRun& run);

}  // namespace pg::verify

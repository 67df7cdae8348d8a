#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "reference/base/result.h"

namespace pg::train {

// The result of an evaluation of the model.
struct Evaluation {
  std::string name;     // "roundtrip" (every sequence on its own), "sliding_window"
  double val_loss = 0;  // nats per target
  double val_bpb = 0;   // bits per byte
  std::int64_t targets = 0;
  std::int64_t seq_len = 0, stride = 0;  // stride 0: none
  double eval_time_ms = 0;
};

// The log of a run in the contest's line grammar (the one of its first script), which pgverify reads. Every line is
// flushed; what cannot be written (a full disk) is an Error at the next status().
class RunLog {
 public:
  RunLog() = default;  // writes nothing: ranks other than 0
  static Result<RunLog> create(const std::filesystem::path& path);
  // Goes on with a log that has `bytes` bytes; what is behind them belonged to steps that are made again.
  static Result<RunLog> resume(const std::filesystem::path& path, std::uint64_t bytes);
  RunLog(RunLog&& other) noexcept;
  RunLog& operator=(RunLog&& other) noexcept;
  ~RunLog();

  void line(std::string_view text);
  // The sections of `settings`, one "  key: value" per field, sorted.
  void hyperparameters(const nlohmann::json& settings);
  void train_step(std::int64_t step, std::int64_t iterations, double loss, double train_time_ms);
  void validation(std::int64_t step, std::int64_t iterations, const Evaluation& result, double train_time_ms);
  void stopped_early(std::int64_t step, std::int64_t iterations, double train_time_ms);
  void final_metric(const Evaluation& result);

  std::uint64_t size() const { return size_; }
  Status status() const;

 private:
  std::FILE* file_ = nullptr;
  std::filesystem::path path_;
  std::uint64_t size_ = 0;
  int problem_ = 0;  // errno
};

}  // namespace pg::train

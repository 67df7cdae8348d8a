#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reference/base/result.h"

namespace pg::cli {

// The options of pgref train.
struct TrainingArguments {
  std::string preset, out, data, tokenizer, replay, kernels = "fused", precision, device = "cpu", author, github_id;
  std::optional<std::uint64_t> seed;
  std::optional<std::int64_t> steps, checkpoint_every;
  int threads = 0, timeout_s = 1800;
  bool resume = false, keep_checkpoint = false, quiet = false, no_compressors = false;
};

struct TrainingResult {
  bool interrupted = false;
  std::int64_t steps = 0;
  std::string summary;  // for stdout; empty on ranks other than 0
};

// Everything from the preset to the finished folder. Collective where there are several processes. From the first step
// on SIGINT and SIGTERM end the run with a checkpoint; a second one ends it at once.
Result<TrainingResult> run_training(const TrainingArguments& arguments);

}  // namespace pg::cli

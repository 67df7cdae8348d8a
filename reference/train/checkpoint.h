#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/train/safetensors.h"

namespace pg::train {

// All that a run needs to go on: one safetensors file, replaced atomically. Beside it lies what may differ between two
// equal runs (times), in a file of its own per step, so that equal runs leave equal bytes.
struct Checkpoint {
  // In the file's metadata, under "pgref":
  nlohmann::json config;  // preset, seed, data, number of processes, precision: must be the same to go on
  std::int64_t step = 0;  // steps made
  nlohmann::json loader;  // its state, the same on every rank
  std::int64_t swa_snapshots = 0;
  double last_loss = 0;
  double elapsed_ms = 0;  // of training; only where the clock decides, else in Progress
  // "model/<parameter>", "optim/<parameter>.<what>", "average/<what>", "schedule/multiplier", "schedule/looping"
  std::map<std::string, at::Tensor> tensors;
};

struct Progress {
  double elapsed_ms = 0;
  std::uint64_t log_bytes = 0;
  int threads = 0;  // that made the step; 0: not known
};

// Where the checkpoint of `folder` is.
std::filesystem::path checkpoint_file(const std::filesystem::path& folder);

// Files in `folder`, which is made. The progress goes to disk first, and that of other steps is removed last: whenever
// the process dies, the checkpoint that is there has its own. What a process left behind that was killed while it wrote
// (temporary files, another step's progress) is removed by the next one.
Status save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint, const Progress& progress);
Result<Checkpoint> load_checkpoint(const std::filesystem::path& folder);
Progress load_progress(const std::filesystem::path& folder, const Checkpoint& checkpoint);

// Removes what save_checkpoint() made or left behind, and the folder if nothing else is in it.
void remove_checkpoints(const std::filesystem::path& folder);

// The first field in which two configs differ, as "train.iterations: 200, now 300"; "" if none.
std::string first_difference(const nlohmann::json& saved, const nlohmann::json& now);

}  // namespace pg::train

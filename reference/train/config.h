#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "reference/base/result.h"

namespace pg::train {

// The "train" object of a preset. Names are the originals' environment variables in lower case; defaults are the
// baseline's. What has no original says so.
struct Config {
  std::uint64_t seed = 1337;
  std::int64_t iterations = 20000;
  std::int64_t train_batch_tokens = 524288;  // of one step, over all processes and micro-batches
  std::int64_t train_seq_len = 1024;
  double max_wallclock_seconds = 600;  // 0: no cap, the schedule counts steps
  double gptq_reserve_seconds = 0;     // of the cap, kept for what comes after training
  std::int64_t warmdown_iters = 1200;  // the baseline's schedule (optim.md 3); unless warmdown_frac is given
  double warmdown_frac = -1;           // #1394's schedule; negative: the baseline's
  double min_lr = 0;                   // lowest multiplier of #1394's schedule
  std::int64_t lr_warmup_steps = 0;    // (ours, for HQ) linear from 1 / n; BIT's begins at 0 and is not this
  double enable_looping_at = 0.5;      // fraction of the run from which depth recurrence is on
  double ema_decay = 0;                // 0: no average
  std::int64_t swa_every = 0;          // (HQ's --swa) snapshots every so many steps ...
  double swa_start = 0.2;              // ... once the multiplier is below this
  std::int64_t grad_accum_steps = 8;   // micro-batches of a step over all processes; their number must divide it
  std::int64_t train_log_every = 200;
  std::int64_t val_loss_every = 1000;
  std::int64_t checkpoint_every = 500;  // (ours) steps between checkpoints to resume from; 0: none
};

// The "data" object of a preset.
struct DataConfig {
  std::string loader = "sequential";
  int vocab_size = 1024;
};

// `where` names the object in errors. Unknown fields are refused, and batches that cannot be cut into whole sequences.
Result<Config> config_from_json(const nlohmann::json& train, std::string_view where);
Result<DataConfig> data_config_from_json(const nlohmann::json& data, std::string_view where);
nlohmann::json to_json(const Config& config);
nlohmann::json to_json(const DataConfig& config);

// Whether grad_accum_steps micro-batches can be dealt out to `world` processes.
Status check_world(const Config& config, int world);

}  // namespace pg::train

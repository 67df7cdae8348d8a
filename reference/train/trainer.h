#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/data/loader.h"
#include "reference/dist/group.h"
#include "reference/model/model.h"
#include "reference/optim/config.h"
#include "reference/train/config.h"
#include "reference/train/run_log.h"
#include "reference/train/schedule.h"

namespace pg::train {

// Where a run stands, after a step.
struct StepReport {
  std::int64_t step = 0, iterations = 0;  // steps made, steps there may be
  double loss = 0;                        // mean over the step's batch, nats per token
  double multiplier = 0;                  // of the learning rates
  double tokens_per_second = 0;           // since the start
  double elapsed_ms = 0, left_ms = 0;     // of training; an estimate where the clock does not decide
  double mfu = 0;                         // share of the GPUs' bf16 FLOP/s that the model needed; 0 if not known
};

struct TrainOptions {
  Config train;
  optim::Config optim;
  std::vector<Decision> replay;  // decisions of another run instead of the schedule's
  std::filesystem::path log;     // rank 0 writes it
  // Rank 0 writes them there, every rank reads them: a folder that all machines see.
  std::filesystem::path checkpoints;
  bool resume = false;
  // What a checkpoint must agree with beside the two configs: preset, data, precision ...
  nlohmann::json identity;
  std::function<void(RunLog&)> log_head;  // lines ahead of the first step
  // Collective: called on every rank with the model as it stands. Empty: no validation.
  std::function<Result<Evaluation>()> validate;
  std::function<void(const StepReport&)> report;   // rank 0, after every step
  std::function<bool()> interrupted;               // asked after every step; any rank's yes ends the run
  std::function<void(const std::string&)> notice;  // rank 0: what a user should know of a resumed run
};

struct TrainOutcome {
  std::int64_t steps = 0;
  double train_time_ms = 0;
  double last_loss = 0;
  std::string averaged;      // "", "ema", "swa": what the model's weights are now
  bool interrupted = false;  // ended early with a checkpoint; weights are not averaged
  bool reached_cap = false;
  std::vector<Decision> decisions;
  RunLog log;
};

// Trains `model` with batches of `loader` (optim.md 2-7). Collective. With max_wallclock_seconds 0, or in replay, the
// result depends on the inputs alone: the same weights bit by bit on the same machine with the same number of threads
// and processes, whether or not the run was ended and resumed in between. With a cap rank 0's clock decides for all,
// and it stands still while the model is validated, as in the originals, but not for checkpoints. Errors: a loss or
// weights that are not finite (nothing of them is saved), a full disk, a checkpoint of another config or other data, a
// failed process.
Result<TrainOutcome> train(model::Model& model, data::Loader& loader, dist::Group& group, const TrainOptions& options);

}  // namespace pg::train

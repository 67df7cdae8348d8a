#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/cli/training_run.h"
#include "reference/model/config.h"
#include "reference/optim/config.h"
#include "reference/train/config.h"
#include "reference/train/schedule.h"

namespace pg::cli {

// The "eval" object of a preset.
struct EvalSettings {
  std::size_t seq_len = 1024;
  std::size_t stride = 0;  // of the sliding windows; 0: none
};

// A preset with the command line's changes.
struct RunSettings {
  std::string name;
  model::Config model;
  optim::Config optim;
  train::Config train;
  train::DataConfig data;
  EvalSettings eval;
  std::vector<train::Decision> replay;
  nlohmann::json resolved;  // all of it with defaults filled in; a preset again
};

Result<RunSettings> read_settings(const TrainingArguments& arguments);

}  // namespace pg::cli

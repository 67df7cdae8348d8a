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
  std::size_t seq_len = 1024;            // default: the model's train_seq_len
  std::size_t stride = 0;                // of the sliding windows; 0: none
  bool require_bare_space_mark = false;  // as #1394 asserts of the tokenizer (byte_table.h)
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

// `preset`: what load_preset() gave for `name`.
Result<EvalSettings> read_eval_settings(const nlohmann::json& preset, const std::string& name,
                                        const model::Config& model);

Result<RunSettings> read_settings(const TrainingArguments& arguments);

}  // namespace pg::cli

#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/train/run_log.h"

namespace pg::train {

// A finished run, as the contest's folder tells it.
struct Submission {
  std::string preset;       // its name
  nlohmann::json settings;  // the preset that was run, complete
  std::uint64_t seed = 0;
  std::string author, github_id;  // may be empty
  std::string log_name;           // "train_seed1337.log"
  std::uint64_t model_bytes = 0, code_bytes = 0;
  std::int64_t parameters = 0, steps = 0;
  double train_time_ms = 0;
  int processes = 1;
  std::string hardware;             // "1 x CPU (2 threads)", "8 x NVIDIA H100 80GB HBM3"
  std::vector<Evaluation> results;  // the last is the claim
};

// The script that makes the run again: calls pgref with the settings, which it carries. What is counted as code.
std::string launcher_script(const nlohmann::json& settings, std::uint64_t seed);

// README.md, submission.json and train_gpt.py in `folder`.
Status write_submission(const std::filesystem::path& folder, const Submission& submission);

}  // namespace pg::train

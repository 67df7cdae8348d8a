#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/train/run_log.h"

namespace pg::train {

// What makes a run again.
struct Launch {
  std::string preset;       // its name
  nlohmann::json settings;  // the preset that was run, complete
  std::uint64_t seed = 0;
  std::map<std::string, std::string> options;  // of pgref train, beside the preset: {"--precision", "bf16"}
  bool replays = false;  // the clock had a say: the schedule.txt beside the script is given to --replay
  int processes = 1;
};

// A finished run, as the contest's folder tells it.
struct Submission {
  Launch launch;
  std::string author, github_id;  // may be empty
  std::string log_name;           // "train_seed1337.log"
  std::uint64_t model_bytes = 0, code_bytes = 0;
  std::int64_t parameters = 0, steps = 0;
  double train_time_ms = 0;
  std::string hardware;             // "CPU, 1 x 2 threads", "8 x NVIDIA H100 80GB HBM3"
  std::vector<Evaluation> results;  // the last is the claim
};

// The Python script that makes the run again: calls pgref with the settings and options, which it carries; its own
// arguments go before them. What is counted as code.
std::string launcher_script(const Launch& launch);

// README.md, submission.json and train_gpt.py in `folder`.
Status write_submission(const std::filesystem::path& folder, const Submission& submission);

}  // namespace pg::train

#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "reference/base/result.h"

namespace pg::train {

// What a run reads.
struct RunData {
  std::vector<std::filesystem::path> train, val;
  std::filesystem::path tokenizer;
  // Names, sizes and digests of the beginnings: what a checkpoint remembers, to refuse other data.
  nlohmann::json identity;
};

// The shards in `folder` and the tokenizer that goes with them: `tokenizer` unless empty, else tokenizer.model in the
// folder, else where the contest keeps it (../../tokenizers/fineweb_<vocab>_bpe.model). Errors say what is missing and
// how to get it.
Result<RunData> find_run_data(const std::filesystem::path& folder, const std::filesystem::path& tokenizer,
                              int vocab_size);

}  // namespace pg::train

#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace pg::data {

inline constexpr std::string_view kTrainPattern = "fineweb_train_*.bin";
inline constexpr std::string_view kValPattern = "fineweb_val_*.bin";

// The files of `folder` whose name matches `pattern` (one '*' stands for any text), sorted by name; an Error if there
// are none.
Result<std::vector<std::filesystem::path>> find_shards(const std::filesystem::path& folder, std::string_view pattern);

// All tokens of `shards`, one after the other, cut to floor((N - 1) / seq_len) * seq_len + 1 of them, which is what
// the challenge's scripts score: how many depends on seq_len. An Error if that is no target at all, or if an id is not
// below vocab_size.
Result<std::vector<std::uint16_t>> load_validation_tokens(const std::vector<std::filesystem::path>& shards,
                                                          std::size_t seq_len, std::size_t vocab_size);

}  // namespace pg::data

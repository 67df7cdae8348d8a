#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/data/byte_table.h"
#include "reference/data/vocabulary.h"

namespace pg::eval {

// What an evaluation reads from a data folder.
struct EvalData {
  std::vector<std::uint16_t> tokens;  // of all validation shards
  data::Vocabulary vocabulary;
  data::ByteTable bytes;
};

// The tokenizer of the shards in `folder`: `named` unless empty, else tokenizer.model in the folder, else where the
// contest keeps it (../../tokenizers/fineweb_<vocab>_bpe.model). An Error where the folder's manifest (pgref corpus)
// has the digest of another one.
Result<std::filesystem::path> find_tokenizer(const std::filesystem::path& folder, const std::filesystem::path& named,
                                             int vocab_size);

// `tokenizer`: as `named` above. `vocab_size`: the model's. `require_bare_mark`: as make_byte_table().
Result<EvalData> load_eval_data(const std::filesystem::path& folder, const std::filesystem::path& tokenizer,
                                int vocab_size, bool require_bare_mark);

// The text that the training shards of `folder` stand for, up to about `max_bytes`; empty if there are none.
Result<std::string> training_text(const std::filesystem::path& folder, const data::Vocabulary& vocabulary,
                                  std::size_t max_bytes);

}  // namespace pg::eval

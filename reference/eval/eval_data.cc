#include "reference/eval/eval_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reference/base/text.h"
#include "reference/data/shard_set.h"
#include "reference/data/token_shard.h"

namespace pg::eval {

namespace fs = std::filesystem;

Result<fs::path> find_tokenizer(const fs::path& folder, const fs::path& named, int vocab_size) {
  if (!named.empty()) return named;
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return Error{fmt::format("{} is no folder; name one with shards and their tokenizer, or leave --data out",
                             escape_line(folder.string()))};
  const std::string contest = fmt::format("fineweb_{}_bpe.model", vocab_size);
  for (const fs::path& candidate :
       {folder / "tokenizer.model", folder / contest, folder / ".." / ".." / "tokenizers" / contest})
    if (fs::exists(candidate, error)) return candidate;
  return Error{fmt::format("no tokenizer of {} pieces beside the shards in {}; name it with --tokenizer FILE.model",
                           vocab_size, escape_line(folder.string()))};
}

Result<EvalData> load_eval_data(const fs::path& folder, const fs::path& tokenizer, int vocab_size,
                                bool require_bare_mark) {
  const auto vocabulary_size = static_cast<std::size_t>(vocab_size);
  const auto shards = data::find_shards(folder, data::kValPattern);
  if (!shards) return shards.error();
  auto tokens = data::load_validation_tokens(*shards, 1, vocabulary_size);
  if (!tokens) return tokens.error();
  const auto path = find_tokenizer(folder, tokenizer, vocab_size);
  if (!path) return path.error();
  auto vocabulary = data::Vocabulary::load(*path);
  if (!vocabulary) return vocabulary.error();
  auto bytes = data::make_byte_table(*vocabulary, vocabulary_size, require_bare_mark);
  if (!bytes) return bytes.error();
  if (vocabulary->size() > vocabulary_size)
    return Error{
        fmt::format("{} has {} pieces, the model's vocabulary {}; give the tokenizer that the model was trained with",
                    escape_line(path->string()), vocabulary->size(), vocab_size)};
  return EvalData{std::move(*tokens), std::move(*vocabulary), std::move(*bytes)};
}

Result<std::string> training_text(const fs::path& folder, const data::Vocabulary& vocabulary, std::size_t max_bytes) {
  const auto shards = data::find_shards(folder, data::kTrainPattern);
  if (!shards) return std::string();
  std::string text;
  for (const fs::path& path : *shards) {
    const auto shard = data::TokenShard::open(path);
    if (!shard) return shard.error();
    constexpr std::size_t kPiece = 1 << 20;  // tokens decoded at a time
    for (std::size_t at = 0; at < shard->size() && text.size() < max_bytes; at += kPiece) {
      const auto some = vocabulary.decode(shard->tokens().subspan(at, std::min(kPiece, shard->size() - at)));
      if (!some) return some.error();
      text += *some;
    }
  }
  return text;
}

}  // namespace pg::eval

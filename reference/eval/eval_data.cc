#include "reference/eval/eval_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "reference/data/shard_set.h"
#include "reference/data/token_shard.h"

namespace pg::eval {

namespace fs = std::filesystem;

namespace {

// An Error where a corpus folder says by its manifest that its shards were made with another tokenizer.
Status check_tokenizer(const fs::path& folder, const fs::path& tokenizer) {
  constexpr std::uint64_t kMaxManifest = 16 << 20, kMaxModel = 64 << 20;
  const auto text = read_file(folder / "manifest.json", kMaxManifest);
  const auto manifest = text ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
  const nlohmann::json::json_pointer at("/files/tokenizer.model/sha256");
  if (!manifest.is_object() || !manifest.contains(at)) return {};
  const auto model = read_file(tokenizer, kMaxModel);
  if (!model) return model.error();
  if (manifest.at(at) == sha256_hex(*model)) return {};
  return Error{
      fmt::format("{} is not the tokenizer that the shards in {} were made with (SHA-256 in manifest.json); leave "
                  "--tokenizer out, or give the shards that belong to it",
                  escape_line(tokenizer.string()), escape_line(folder.string()))};
}

}  // namespace

Result<fs::path> find_tokenizer(const fs::path& folder, const fs::path& named, int vocab_size) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return Error{fmt::format("{} is no folder; name one with shards and their tokenizer, or leave --data out",
                             escape_line(folder.string()))};
  if (!named.empty()) {
    if (const Status same = check_tokenizer(folder, named); !same) return same.error();
    return named;
  }
  const std::string contest = fmt::format("fineweb_{}_bpe.model", vocab_size);
  for (const fs::path& candidate :
       {folder / "tokenizer.model", folder / contest, folder / ".." / ".." / "tokenizers" / contest})
    if (fs::exists(candidate, error)) {
      if (const Status same = check_tokenizer(folder, candidate); !same) return same.error();
      return candidate;
    }
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

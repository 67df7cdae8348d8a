#include "reference/train/run_data.h"

#include <fmt/format.h>

#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "reference/data/shard_set.h"

namespace pg::train {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBeginning = 1 << 20;  // bytes of a shard that its digest covers: reading 16 GB takes too long

Result<nlohmann::json> fingerprint(const fs::path& path) {
  Sha256 digest;
  std::uint64_t left = kBeginning;
  const auto read = read_chunks(path, [&](std::string_view chunk) {
    chunk = chunk.substr(0, left);
    digest.update(chunk);
    left -= chunk.size();
    return left > 0;
  });
  if (!read) return read.error();
  return nlohmann::json{{"name", path.filename().string()}, {"bytes", fs::file_size(path)}, {"sha256", digest.hex()}};
}

}  // namespace

Result<RunData> find_run_data(const fs::path& folder, const fs::path& tokenizer, int vocab_size) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return Error{
        fmt::format("{} is no folder; give --data a folder with fineweb_train_*.bin and fineweb_val_*.bin, make "
                    "one with pgref corpus, or leave --data away for the default corpus",
                    escape_line(folder.string()))};
  RunData data;
  auto train = data::find_shards(folder, data::kTrainPattern);
  if (!train) return train.error();
  auto val = data::find_shards(folder, data::kValPattern);
  if (!val) return val.error();
  data.train = std::move(*train);
  data.val = std::move(*val);
  const std::vector<fs::path> candidates = {
      folder / "tokenizer.model", folder / fmt::format("fineweb_{}_bpe.model", vocab_size),
      folder / ".." / ".." / "tokenizers" / fmt::format("fineweb_{}_bpe.model", vocab_size)};
  data.tokenizer = tokenizer;
  for (const fs::path& candidate : candidates)
    if (data.tokenizer.empty() && fs::exists(candidate, error)) data.tokenizer = candidate;
  if (data.tokenizer.empty())
    return Error{fmt::format("no tokenizer of {} pieces beside the shards in {}; name it with --tokenizer FILE.model",
                             vocab_size, escape_line(folder.string()))};
  for (const auto& [name, files] : {std::pair{"train", data.train}, {"val", data.val}, {"tokenizer", {data.tokenizer}}})
    for (const fs::path& path : files) {
      auto entry = fingerprint(path);
      if (!entry) return entry.error();
      data.identity[name].push_back(std::move(*entry));
    }
  return data;
}

}  // namespace pg::train

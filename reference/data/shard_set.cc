#include "reference/data/shard_set.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "reference/data/token_shard.h"

namespace pg::data {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> find_shards(const fs::path& folder, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  const std::string_view head = pattern.substr(0, star);
  const std::string_view tail = star == std::string_view::npos ? "" : pattern.substr(star + 1);
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    const bool matches = star == std::string_view::npos ? name == pattern
                                                        : name.size() >= head.size() + tail.size() &&
                                                              name.starts_with(head) && name.ends_with(tail);
    if (matches) found.push_back(it->path());
  }
  if (error)
    return Error{fmt::format("cannot read the data folder {}: {}. pgref corpus makes one, pgref fetch downloads one",
                             escape_line(folder.string()), error.message())};
  if (found.empty())
    return Error{fmt::format("no file {} in {}. pgref corpus makes shards, pgref fetch downloads them", pattern,
                             escape_line(folder.string()))};
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::vector<std::uint16_t>> load_validation_tokens(const std::vector<fs::path>& shards, std::size_t seq_len,
                                                          std::size_t vocab_size) {
  std::vector<std::uint16_t> tokens;
  for (const fs::path& path : shards) {
    const auto shard = TokenShard::open(path);
    if (!shard) return shard.error();
    if (const Status checked = check_vocabulary(*shard, vocab_size); !checked) return checked.error();
    tokens.insert(tokens.end(), shard->tokens().begin(), shard->tokens().end());
  }
  const std::size_t usable = tokens.empty() || seq_len == 0 ? 0 : (tokens.size() - 1) / seq_len * seq_len;
  if (usable == 0)
    return Error{
        fmt::format("the validation shards ({}) hold {} tokens, too few for one sequence of {}: use a shorter "
                    "sequence or more text",
                    shards.empty() ? "none" : escape_line(shards[0].string()), tokens.size(), seq_len)};
  tokens.resize(usable + 1);
  return tokens;
}

}  // namespace pg::data

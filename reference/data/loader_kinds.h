#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "reference/data/loader.h"
#include "reference/data/token_shard.h"

// What the loaders have in common; included by them only.
namespace pg::data {

struct LoaderSetup {
  std::vector<TokenShard> shards;  // at least one, at least one token in all
  std::size_t rank = 0, world = 1;
};

std::unique_ptr<Loader> make_sequential_loader(LoaderSetup setup);
std::unique_ptr<Loader> make_shuffled_loader(LoaderSetup setup);
std::unique_ptr<Loader> make_coprime_loader(LoaderSetup setup);
std::unique_ptr<Loader> make_simple_loader(LoaderSetup setup);

// Room for `sequences` rows, none filled.
Batch empty_batch(std::size_t sequences, std::size_t seq_len);
// Appends rows: `window` is a whole number of sequences and one token more.
void append(Batch& batch, std::span<const std::uint16_t> window);

// Whole sequences for every rank, and the shard at hand long enough.
Status check_shape(std::size_t global_tokens, std::size_t seq_len, std::size_t world);

// {"kind", "shards": [{"name", "tokens"}]}: what a state has to agree with.
nlohmann::json describe(std::string_view kind, const std::vector<TokenShard>& shards);
Status fits(const nlohmann::json& state, std::string_view kind, const std::vector<TokenShard>& shards);
// A whole number >= 0 under `key`.
std::optional<std::uint64_t> number(const nlohmann::json& state, const char* key);
Error bad_state(std::string_view why);

// Where a loader that reads on and on stands: all of its state.
struct Place {
  std::size_t shard = 0, position = 0;

  nlohmann::json state(std::string_view kind, const std::vector<TokenShard>& shards) const;
  // Leaves the place as it is where the state is of other shards or lies outside them.
  Status restore(const nlohmann::json& state, std::string_view kind, const std::vector<TokenShard>& shards);
};

// The calls of next() so far as runs of equal ones. A loader that draws random numbers is brought back by drawing
// again: exact, and a state of a few bytes instead of millions of positions.
class CallHistory {
 public:
  void add(std::size_t global_tokens, std::size_t seq_len);
  nlohmann::json to_json() const;  // [[global_tokens, seq_len, calls], ...]
  // Makes the calls of `list`, which to_json() wrote, after loader.check() passed for each.
  static Status replay(const nlohmann::json& list, const Loader& loader,
                       const std::function<void(std::size_t, std::size_t)>& call);

 private:
  struct Run {
    std::size_t global_tokens, seq_len, calls;
  };
  std::vector<Run> runs_;
};

}  // namespace pg::data

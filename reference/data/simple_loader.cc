// The loader of #1123 and #1465 (HybridQuantGPT): windows of world * (local + 1) tokens that overlap by one, one shard
// after the other; the rest of a shard that holds no whole window is dropped.
#include <fmt/format.h>

#include <algorithm>

#include "reference/data/loader_kinds.h"

namespace pg::data {
namespace {

class SimpleLoader final : public Loader {
 public:
  explicit SimpleLoader(LoaderSetup setup) : setup_(std::move(setup)) {}

  Batch next(std::size_t global_tokens, std::size_t seq_len) override {
    const std::size_t local = global_tokens / setup_.world, window = (local + 1) * setup_.world;
    // The original steps on by one shard; where that one is too short as well it fails, here the next serves.
    while (place_.position + window > setup_.shards[place_.shard].size()) {
      place_.shard = (place_.shard + 1) % setup_.shards.size();
      place_.position = 0;
    }
    Batch batch = empty_batch(local / seq_len, seq_len);
    append(batch, setup_.shards[place_.shard].tokens().subspan(place_.position + setup_.rank * (local + 1), local + 1));
    place_.position += window - 1;
    return batch;
  }

  Status check(std::size_t global_tokens, std::size_t seq_len) const override {
    if (const Status shape = check_shape(global_tokens, seq_len, setup_.world); !shape) return shape;
    std::size_t longest = 0;
    for (const TokenShard& shard : setup_.shards) longest = std::max(longest, shard.size());
    if (longest >= global_tokens + setup_.world) return {};
    return Error{
        fmt::format("loader 'simple' takes a micro-batch of {} + {} tokens from one shard, and the longest of {} "
                    "shards has {}: use a smaller batch or longer shards",
                    global_tokens, setup_.world, setup_.shards.size(), longest)};
  }

  nlohmann::json state() const override { return place_.state("simple", setup_.shards); }

  Status restore(const nlohmann::json& state) override { return place_.restore(state, "simple", setup_.shards); }

 private:
  LoaderSetup setup_;
  Place place_;
};

}  // namespace

std::unique_ptr<Loader> make_simple_loader(LoaderSetup setup) {
  return std::make_unique<SimpleLoader>(std::move(setup));
}

}  // namespace pg::data

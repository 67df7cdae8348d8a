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
    while (position_ + window > setup_.shards[shard_].size()) {
      shard_ = (shard_ + 1) % setup_.shards.size();
      position_ = 0;
    }
    Batch batch = empty_batch(local / seq_len, seq_len);
    append(batch, setup_.shards[shard_].tokens().subspan(position_ + setup_.rank * (local + 1), local + 1));
    position_ += window - 1;
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

  nlohmann::json state() const override {
    nlohmann::json state = describe("simple", setup_.shards);
    state["shard"] = shard_;
    state["position"] = position_;
    return state;
  }

  Status restore(const nlohmann::json& state) override {
    if (const Status fit = fits(state, "simple", setup_.shards); !fit) return fit;
    const auto shard = number(state, "shard"), position = number(state, "position");
    if (!shard || !position || *shard >= setup_.shards.size() || *position > setup_.shards[*shard].size())
      return bad_state("its position is outside the shards");
    shard_ = *shard;
    position_ = *position;
    return {};
  }

 private:
  LoaderSetup setup_;
  std::size_t shard_ = 0, position_ = 0;
};

}  // namespace

std::unique_ptr<Loader> make_simple_loader(LoaderSetup setup) {
  return std::make_unique<SimpleLoader>(std::move(setup));
}

}  // namespace pg::data

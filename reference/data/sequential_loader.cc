// The baseline's loader (train_gpt.py of the challenge: TokenStream, DistributedTokenLoader). Every call takes
// world * (local + 1) tokens from one stream over all shards, rank r its slice of local + 1. A slice's size is
// global_tokens / world + 1, so with accumulation over 8 / world steps 1, 2, 4 and 8 processes train on the same
// sequences; only in a different order of micro-steps.
#include <fmt/format.h>

#include <algorithm>

#include "reference/data/loader_kinds.h"

namespace pg::data {
namespace {

class SequentialLoader final : public Loader {
 public:
  explicit SequentialLoader(LoaderSetup setup) : setup_(std::move(setup)) {}

  Batch next(std::size_t global_tokens, std::size_t seq_len) override {
    const std::size_t local = global_tokens / setup_.world, span = local + 1;
    std::vector<std::uint16_t> slice;
    slice.reserve(span);
    take(setup_.rank * span, nullptr);
    take(span, &slice);
    take((setup_.world - 1 - setup_.rank) * span, nullptr);
    Batch batch = empty_batch(local / seq_len, seq_len);
    append(batch, slice);
    return batch;
  }

  Status check(std::size_t global_tokens, std::size_t seq_len) const override {
    return check_shape(global_tokens, seq_len, setup_.world);
  }

  nlohmann::json state() const override { return place_.state("sequential", setup_.shards); }

  Status restore(const nlohmann::json& state) override { return place_.restore(state, "sequential", setup_.shards); }

 private:
  // Goes on by `count` tokens, wrapping around, and appends them to `out` where given.
  void take(std::size_t count, std::vector<std::uint16_t>* out) {
    while (count > 0) {
      const auto tokens = setup_.shards[place_.shard].tokens();
      const std::size_t step = std::min(count, tokens.size() - place_.position);
      if (step == 0) {
        place_.shard = (place_.shard + 1) % setup_.shards.size();
        place_.position = 0;
        continue;
      }
      const auto part = tokens.subspan(place_.position, step);
      if (out != nullptr) out->insert(out->end(), part.begin(), part.end());
      place_.position += step;
      count -= step;
    }
  }

  LoaderSetup setup_;
  Place place_;
};

}  // namespace

std::unique_ptr<Loader> make_sequential_loader(LoaderSetup setup) {
  return std::make_unique<SequentialLoader>(std::move(setup));
}

}  // namespace pg::data

// #1394's loader (ShuffledSequenceLoader). Rank r owns shards r, r + world, ... and a generator seeded with r, not with
// the run's seed: all seeds of a record see the same data in the same order. Each owned shard is cut into sequences
// behind a random phase and their order shuffled; every sequence of a batch comes from a shard drawn with probability
// proportional to what it has left. When all are used up, all are cut anew.
#include <fmt/format.h>

#include <algorithm>

#include "reference/data/loader_kinds.h"
#include "reference/data/numpy_random.h"

namespace pg::data {
namespace {

class ShuffledLoader final : public Loader {
 public:
  explicit ShuffledLoader(LoaderSetup setup) : setup_(std::move(setup)), random_(setup_.rank) {
    for (std::size_t i = setup_.rank; i < setup_.shards.size(); i += setup_.world) owned_.push_back(i);
  }

  Batch next(std::size_t global_tokens, std::size_t seq_len) override {
    Batch batch = empty_batch(global_tokens / setup_.world / seq_len, seq_len);
    draw(global_tokens, seq_len, &batch);
    return batch;
  }

  Status check(std::size_t global_tokens, std::size_t seq_len) const override {
    if (const Status shape = check_shape(global_tokens, seq_len, setup_.world); !shape) return shape;
    for (const std::size_t i : owned_)
      if (setup_.shards[i].size() > seq_len) return {};
    return Error{
        fmt::format("none of the {} shards of rank {} holds a sequence of {} tokens and one more: use a shorter "
                    "sequence or longer shards",
                    owned_.size(), setup_.rank, seq_len)};
  }

  nlohmann::json state() const override {
    nlohmann::json state = describe("shuffled", setup_.shards);
    state["world"] = setup_.world;
    state["calls"] = history_.to_json();
    return state;
  }

  Status restore(const nlohmann::json& state) override {
    if (const Status fit = fits(state, "shuffled", setup_.shards); !fit) return fit;
    if (number(state, "world") != setup_.world)
      return bad_state(fmt::format("the order depends on the number of processes, which is {} now", setup_.world));
    random_ = NumpyRandom(setup_.rank);
    cut_for_ = 0;
    history_ = {};
    const auto again = [&](std::size_t global_tokens, std::size_t seq_len) { draw(global_tokens, seq_len, nullptr); };
    return state.contains("calls") ? CallHistory::replay(state["calls"], *this, again) : bad_state("it has no calls");
  }

 private:
  // Cuts shard `owned_[i]` anew. A shard too short for one sequence has none.
  void cut(std::size_t i, std::size_t seq_len) {
    const auto tokens = static_cast<std::int64_t>(setup_.shards[owned_[i]].size());
    const auto length = static_cast<std::int64_t>(seq_len);
    const std::int64_t max_phase = std::min(length - 1, std::max<std::int64_t>(0, tokens - length - 1));
    const std::int64_t phase = max_phase > 0 ? random_.integers(0, max_phase + 1) : 0;
    starts_[i] = random_.permutation(std::max<std::int64_t>(0, tokens - 1 - phase) / length);
    for (std::int64_t& start : starts_[i]) start = phase + start * length;
  }

  void cut_all(std::size_t seq_len) {
    cut_for_ = seq_len;
    starts_.resize(owned_.size());
    for (std::size_t i = 0; i < owned_.size(); ++i) cut(i, seq_len);
  }

  void draw(std::size_t global_tokens, std::size_t seq_len, Batch* batch) {
    if (cut_for_ != seq_len) cut_all(seq_len);  // the original has one length from its start
    history_.add(global_tokens, seq_len);
    std::vector<double> left(owned_.size()), p(owned_.size());
    const auto count_left = [&] {
      double total = 0;
      for (std::size_t i = 0; i < left.size(); ++i) total += left[i] = static_cast<double>(starts_[i].size());
      return total;
    };
    double total = count_left();
    for (std::size_t n = global_tokens / setup_.world / seq_len; n > 0; --n) {
      if (total <= 0) {
        cut_all(seq_len);
        total = count_left();
      }
      for (std::size_t i = 0; i < p.size(); ++i) p[i] = left[i] / total;
      const std::size_t i = random_.choice(p);
      const auto start = static_cast<std::size_t>(starts_[i].back());
      starts_[i].pop_back();
      --left[i];
      --total;
      if (batch != nullptr) append(*batch, setup_.shards[owned_[i]].tokens().subspan(start, seq_len + 1));
    }
  }

  LoaderSetup setup_;
  NumpyRandom random_;
  std::vector<std::size_t> owned_;
  std::size_t cut_for_ = 0;                        // the sequence length starts_ was made for
  std::vector<std::vector<std::int64_t>> starts_;  // of each owned shard: where its remaining sequences begin
  CallHistory history_;
};

}  // namespace

std::unique_ptr<Loader> make_shuffled_loader(LoaderSetup setup) {
  return std::make_unique<ShuffledLoader>(std::move(setup));
}

}  // namespace pg::data

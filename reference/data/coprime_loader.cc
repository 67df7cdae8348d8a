// The loader of #1060 (after #726). Each shard is cut into blocks behind a random phase and walked from a random start
// with a random stride coprime to the number of blocks. A global batch mixes windows of many shards, drawn with weights
// remaining^alpha; over the first 1,800 batches alpha falls from 0.9 to 0.5 and more shards are mixed. All ranks draw
// the same windows, rank r takes r, r + world, ... The seed is a hash of the shards' path strings.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "reference/data/loader_kinds.h"
#include "reference/data/numpy_random.h"

namespace pg::data {
namespace {

struct Window {
  std::size_t shard, start;
};

class CoprimeLoader final : public Loader {
 public:
  explicit CoprimeLoader(LoaderSetup setup)
      : setup_(std::move(setup)), seed_(seed_of(setup_.shards)), random_(seed_), cursors_(setup_.shards.size()) {}

  Batch next(std::size_t global_tokens, std::size_t seq_len) override {
    const std::vector<Window> windows = draw(global_tokens, seq_len);
    Batch batch = empty_batch(global_tokens / setup_.world / seq_len, seq_len);
    for (std::size_t i = setup_.rank; i < windows.size(); i += setup_.world)
      append(batch, setup_.shards[windows[i].shard].tokens().subspan(windows[i].start, seq_len + 1));
    return batch;
  }

  Status check(std::size_t global_tokens, std::size_t seq_len) const override {
    if (const Status shape = check_shape(global_tokens, seq_len, setup_.world); !shape) return shape;
    for (const TokenShard& shard : setup_.shards)
      if (shard.size() > seq_len) return {};
    return Error{
        fmt::format("none of the {} shards holds a sequence of {} tokens and one more: use a shorter sequence "
                    "or longer shards",
                    setup_.shards.size(), seq_len)};
  }

  nlohmann::json state() const override {
    nlohmann::json state = describe("coprime", setup_.shards);
    state["world"] = setup_.world;
    state["seed"] = seed_;
    state["calls"] = history_.to_json();
    return state;
  }

  Status restore(const nlohmann::json& state) override {
    if (const Status fit = fits(state, "coprime", setup_.shards); !fit) return fit;
    if (number(state, "world") != setup_.world)
      return bad_state(fmt::format("the order depends on the number of processes, which is {} now", setup_.world));
    const auto seed = number(state, "seed");
    if (!seed || !state.contains("calls")) return bad_state("it has no seed or no calls");
    seed_ = *seed;  // the saved one: the shards may lie elsewhere now
    random_ = NumpyRandom(seed_);
    cursors_.assign(setup_.shards.size(), {});
    batches_ = 0;
    history_ = {};
    const auto again = [&](std::size_t global_tokens, std::size_t seq_len) { draw(global_tokens, seq_len); };
    return CallHistory::replay(state["calls"], *this, again);
  }

 private:
  struct Cursor {
    std::int64_t phase = 0, blocks = 0, next = 0, start = 0, stride = 1;
    std::size_t cut_for = 0;  // sequence length; 0: not cut yet
  };

  // str(Path(path)) of Python: no "." parts, no doubled or last slashes; ".." stays, unlike with lexically_normal().
  static std::string python_path(const std::filesystem::path& path) {
    std::filesystem::path plain;
    for (const auto& part : path)
      if (!part.empty() && part != ".") plain /= part;
    return plain.string();
  }

  static std::uint64_t seed_of(const std::vector<TokenShard>& shards) {
    std::uint64_t seed = 0;
    for (const TokenShard& shard : shards)
      for (const char byte : python_path(shard.path()))
        seed = (seed ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
    return seed;
  }

  std::int64_t coprime_stride(std::int64_t blocks) {
    if (blocks <= 1) return 1;
    while (true) {
      const std::int64_t stride = random_.integers(1, blocks);
      if (std::gcd(stride, blocks) == 1) return stride;
    }
  }

  void cut(std::size_t shard, std::size_t seq_len) {
    const auto tokens = static_cast<std::int64_t>(setup_.shards[shard].size());
    const auto length = static_cast<std::int64_t>(seq_len);
    const std::int64_t max_phase = std::min(length - 1, std::max<std::int64_t>(0, tokens - length - 1));
    Cursor& cursor = cursors_[shard];
    cursor.phase = max_phase > 0 ? random_.integers(0, max_phase + 1) : 0;
    cursor.blocks = (tokens - 1 - cursor.phase) / length;
    cursor.next = 0;
    cursor.start = cursor.blocks > 1 ? random_.integers(0, cursor.blocks) : 0;
    cursor.stride = coprime_stride(cursor.blocks);
    cursor.cut_for = seq_len;
  }

  std::vector<Window> take(std::size_t shard, std::size_t seq_len, std::int64_t count) {
    std::vector<Window> windows;
    Cursor& cursor = cursors_[shard];
    for (; count > 0; --count) {
      if (cursor.cut_for != seq_len || cursor.next >= cursor.blocks) cut(shard, seq_len);
      const std::int64_t block = (cursor.start + cursor.next++ * cursor.stride) % cursor.blocks;
      windows.push_back({shard, static_cast<std::size_t>(cursor.phase) + static_cast<std::size_t>(block) * seq_len});
    }
    return windows;
  }

  // Probabilities of the shards in `eligible`.
  std::vector<double> weigh(const std::vector<std::size_t>& eligible, std::size_t seq_len, double progress) const {
    std::vector<double> p(eligible.size());
    const double alpha = 0.90 - 0.40 * progress;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const Cursor& cursor = cursors_[eligible[i]];
      const std::int64_t left = cursor.cut_for == seq_len
                                    ? std::max<std::int64_t>(cursor.blocks - cursor.next, 1)
                                    : static_cast<std::int64_t>((setup_.shards[eligible[i]].size() - 1) / seq_len);
      p[i] = std::pow(static_cast<double>(left), alpha);
    }
    const double total = numpy_sum(p);
    for (double& value : p) value /= total;
    return p;
  }

  // How many windows each of some shards gives, in the order they are taken.
  std::vector<std::pair<std::size_t, std::int64_t>> mix(std::size_t windows, std::size_t seq_len) {
    std::vector<std::size_t> eligible;
    for (std::size_t i = 0; i < setup_.shards.size(); ++i)
      if (setup_.shards[i].size() > seq_len) eligible.push_back(i);
    const double progress = std::min(static_cast<double>(batches_) / 1800.0, 1.0);
    const std::vector<double> p = weigh(eligible, seq_len, progress);
    const std::size_t most = std::min(eligible.size(), windows);
    const double low = static_cast<double>(std::min(std::max<std::size_t>(8, setup_.world), most));
    const double high = static_cast<double>(std::min(std::max<std::size_t>(32, setup_.world * 8), most));
    // nearbyint rounds halves to even, like Python's round.
    const auto wanted = static_cast<std::size_t>(std::nearbyint(low + progress * (high - low)));
    const std::size_t count = std::clamp<std::size_t>(wanted, 1, most);
    const std::vector<std::size_t> chosen = random_.choice_without_replacement(p, count);
    std::vector<double> share(count);
    for (std::size_t i = 0; i < count; ++i) share[i] = p[chosen[i]];
    const double total = numpy_sum(share);
    for (double& value : share) value /= total;
    std::vector<std::int64_t> counts(count, 1);
    if (windows > count) {
      const auto extra = random_.multinomial(static_cast<std::int64_t>(windows - count), share);
      for (std::size_t i = 0; i < count; ++i) counts[i] += extra[i];
    }
    std::vector<std::pair<std::size_t, std::int64_t>> mixed;
    for (const std::int64_t i : random_.permutation(static_cast<std::int64_t>(count)))
      mixed.emplace_back(eligible[chosen[static_cast<std::size_t>(i)]], counts[static_cast<std::size_t>(i)]);
    return mixed;
  }

  std::vector<Window> draw(std::size_t global_tokens, std::size_t seq_len) {
    history_.add(global_tokens, seq_len);
    const std::size_t count = global_tokens / setup_.world / seq_len * setup_.world;
    std::vector<std::vector<Window>> buckets;
    for (const auto& [shard, windows] : mix(count, seq_len)) {
      const std::vector<Window> taken = take(shard, seq_len, windows);
      std::vector<Window>& bucket = buckets.emplace_back(taken);
      if (taken.size() <= 1) continue;
      const auto order = random_.permutation(static_cast<std::int64_t>(taken.size()));
      for (std::size_t i = 0; i < order.size(); ++i) bucket[i] = taken[static_cast<std::size_t>(order[i])];
    }
    // Round after round one window of every bucket that has some left, in a new order each time.
    std::vector<Window> windows;
    std::vector<std::size_t> active(buckets.size());
    std::iota(active.begin(), active.end(), 0);
    while (!active.empty()) {
      std::vector<std::size_t> still;
      for (const std::int64_t i : random_.permutation(static_cast<std::int64_t>(active.size()))) {
        const std::size_t bucket = active[static_cast<std::size_t>(i)];
        windows.push_back(buckets[bucket].back());
        buckets[bucket].pop_back();
        if (!buckets[bucket].empty()) still.push_back(bucket);
      }
      active = std::move(still);
    }
    ++batches_;
    return windows;
  }

  LoaderSetup setup_;
  std::uint64_t seed_;
  NumpyRandom random_;
  std::vector<Cursor> cursors_;  // one per shard
  std::size_t batches_ = 0;
  CallHistory history_;
};

}  // namespace

std::unique_ptr<Loader> make_coprime_loader(LoaderSetup setup) {
  return std::make_unique<CoprimeLoader>(std::move(setup));
}

}  // namespace pg::data

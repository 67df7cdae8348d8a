#pragma once

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "reference/base/file.h"
#include "reference/dist/group.h"
#include "reference/train/trainer.h"

// For tests: a model that trains in milliseconds, and folders for its runs.
namespace pg::train {

namespace fs = std::filesystem;

// Sequences by number, the same for any number of processes: tokens follow a rule, so that there is something to learn.
class CountingLoader : public data::Loader {
 public:
  CountingLoader(int rank, int world) : rank_(rank), world_(world) {}
  data::Batch next(std::size_t global_tokens, std::size_t seq_len) override {
    const std::size_t all = global_tokens / seq_len, mine = all / static_cast<std::size_t>(world_);
    data::Batch batch{mine, seq_len, {}, {}};
    for (std::size_t s = 0; s < mine; ++s) {
      std::uint64_t state = next_ + static_cast<std::size_t>(rank_) * mine + s + 1;
      std::int64_t token = static_cast<std::int64_t>(state % 61);
      for (std::size_t t = 0; t < seq_len; ++t) {
        batch.ids.push_back(token);
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        token = (token * 5 + 3 + static_cast<std::int64_t>(state >> 63)) % 61;
        batch.targets.push_back(token);
      }
    }
    next_ += all;
    return batch;
  }
  Status check(std::size_t, std::size_t) const override { return {}; }
  nlohmann::json state() const override { return {{"next", next_}}; }
  Status restore(const nlohmann::json& state) override {
    next_ = state.at("next");
    return {};
  }

 private:
  int rank_, world_;
  std::uint64_t next_ = 0;
};

inline model::Config tiny_model() {
  model::Config c;
  c.vocab_size = 61;
  c.layers = 3;
  c.dim = 32;
  c.heads = 2;
  c.kv_heads = 1;
  c.hidden = 48;
  c.train_seq_len = 16;
  c.loop = {1, 1, 1};
  return c;
}

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() : folder_(fs::path(testing::TempDir()) / ("trainer_" + std::to_string(::getpid()))) {
    at::set_num_threads(1);  // as the forked ones
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~TrainerTest() override { fs::remove_all(folder_); }

  TrainOptions options(const std::string& name, std::int64_t iterations = 12) const {
    TrainOptions o;
    o.train.iterations = iterations;
    o.train.train_batch_tokens = 8 * 2 * 16;
    o.train.train_seq_len = 16;
    o.train.max_wallclock_seconds = 0;
    o.train.warmdown_frac = 0.5;
    o.train.ema_decay = 0.9;
    o.train.val_loss_every = 0;
    o.train.train_log_every = 1;
    o.train.checkpoint_every = 4;
    o.optim.grad_clip_norm = 1;
    o.optim.muon_momentum_warmup_steps = 5;
    o.identity = {{"data", {{"shard", "a"}}}};
    fs::create_directories(folder_ / name);
    o.log = folder_ / name / "train.log";
    o.checkpoints = folder_ / name / "checkpoint";
    return o;
  }

  // `during`: called after every step with the model.
  static Result<TrainOutcome> run(TrainOptions o, std::unique_ptr<model::Model>* out = nullptr,
                                  const std::function<void(model::Model&, const StepReport&)>& during = {},
                                  const model::Config& config = tiny_model()) {
    auto group = dist::make_group(dist::place_from_environment().value(), c10::kCPU, 60);
    if (!group) return group.error();
    const dist::Place place = (*group)->place();
    auto model = model::Model::create(config, {c10::kCPU, model::Precision::kF32, model::Kernels::kPlain}, 5);
    if (!model) return model.error();
    CountingLoader loader(place.rank, place.world);
    if (during) o.report = [&](const StepReport& r) { during(**model, r); };
    auto outcome = train(**model, loader, **group, o);
    if (out) *out = std::move(*model);
    return outcome;
  }

  static std::string bytes(const fs::path& path) { return read_file(path, 1 << 28).value(); }
  std::string checkpoint(const std::string& name) const {
    return bytes(folder_ / name / "checkpoint" / "checkpoint.safetensors");
  }

  fs::path folder_;
};

}  // namespace pg::train

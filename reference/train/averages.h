#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reference/optim/flat_store.h"
#include "reference/train/config.h"

namespace pg::train {

// Averages of the weights over training, in f32 (optim.md 5): an exponential one from the initial weights on, without
// bias correction; and the mean of snapshots taken while the learning rate is low. Both off: nothing is kept.
class Averages {
 public:
  // `store` must outlive this.
  Averages(const Config& config, optim::FlatStore& store);

  // After step `step` (from 0), which was made with this multiplier of the learning rates.
  void update(std::int64_t step, double multiplier);
  // Puts the result in the place of the weights: the exponential average, and over it, as the originals do, the mean of
  // the snapshots where there are at least two. Says what it did: "", "ema", "swa".
  std::string apply();

  std::map<std::string, at::Tensor> state() const;  // "ema.<buffer>", "swa.<buffer>"
  Status restore(const std::map<std::string, at::Tensor>& state, std::int64_t snapshots);
  std::int64_t snapshots() const { return snapshots_; }

 private:
  const Config config_;
  optim::FlatStore& store_;
  std::vector<at::Tensor> ema_, swa_;  // one per buffer of the store
  std::int64_t snapshots_ = 0;
};

}  // namespace pg::train

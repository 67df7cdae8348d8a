#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "reference/base/result.h"
#include "reference/dist/group.h"
#include "reference/optim/flat_store.h"
#include "reference/optim/newton_schulz.h"
#include "reference/optim/state.h"

namespace pg::optim {

// Muon (optim.md 1.2): momentum, Nesterov, orthogonalized update times sqrt(max(1, rows / cols)), decoupled weight
// decay. Matrices of one shape are a bank and are orthogonalized together.
//
// Round robin (1.3): matrix i belongs to rank i mod world; each rank writes the updates of its own into a buffer of
// zeros, and one all-reduce gives every rank all of them. Gradients must have been averaged before. Sharded (1.4): the
// banks' gradients are reduced, their updates computed and exchanged in equal parts; averaging is part of it, and
// momentum is kept in the type of the exchange. begin() sends all gradients, the largest bank's first; step() takes
// them as they arrive and sends a bank's updates while it computes the next bank's.
class Muon {
 public:
  // `order`: for each slot of `section`, its index in the model's order. `section` must outlive this.
  Muon(Section& section, std::vector<int> order, const Config& config, bool bf16, dist::Group& group);

  // After backward, before step(); what is done in between overlaps with the exchange. Gradients may not change then.
  void begin();
  void step(double lr, double momentum);

  // Collective. "<parameter>.momentum" in the form's type.
  State state();
  Status restore(const State& state);

 private:
  struct Bank {
    std::int64_t count = 0, rows = 0, cols = 0;
    std::int64_t offset = 0;  // into the section
    std::size_t first = 0;    // slot
    std::vector<int> mine;    // round robin: positions in the bank that this rank owns
    at::Tensor mine_index;    // the same, int64
    at::Tensor momentum;      // [mine or shard, rows, cols]
    at::Tensor update;        // scratch of the same shape, in f32 or the sharded type
    // Sharded:
    at::Tensor exchange;  // [world * shard, rows, cols]: what goes out and comes back; padding is zero and stays it
    at::Tensor gradient;  // [shard, rows, cols]: mean over the ranks
    at::Tensor sent;      // this rank's updates, until all have them
    std::unique_ptr<dist::Pending> pending;
  };

  void step_round_robin(double lr, double momentum);
  void step_sharded(double lr, double momentum);
  // The part of a flat tensor that a bank is: [count, rows, cols].
  static at::Tensor view(const Bank& bank, const at::Tensor& flat);
  std::int64_t shard(const Bank& bank) const;  // matrices per rank, padded
  at::Tensor orthogonal_update(Bank& bank, const at::Tensor& gradient, double momentum) const;
  at::Tensor gathered_momentum(Bank& bank);

  Section& section_;
  MuonForm form_;
  double weight_decay_;
  Orthogonalization how_;
  dist::Group& group_;
  std::vector<Bank> banks_;
  at::Tensor updates_;  // round robin: [section size]
};

}  // namespace pg::optim

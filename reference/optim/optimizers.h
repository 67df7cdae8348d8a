#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reference/base/result.h"
#include "reference/dist/group.h"
#include "reference/model/model.h"
#include "reference/optim/adam.h"
#include "reference/optim/config.h"
#include "reference/optim/flat_store.h"
#include "reference/optim/muon.h"
#include "reference/optim/state.h"

namespace pg::optim {

// All optimizers of a model: Muon for its matrices, Adam for embeddings, head and scalars. Takes the parameters into a
// FlatStore; the order is fixed, so runs repeat bit by bit.
class Optimizers {
 public:
  // `group` must outlive this; the model's tensors are shared.
  Optimizers(const Config& config, const std::vector<model::Parameter>& parameters, dist::Group& group);
  Optimizers(const Optimizers&) = delete;  // its parts refer to its store
  Optimizers& operator=(const Optimizers&) = delete;

  FlatStore& store() { return store_; }
  void zero_grad() { store_.zero_grad(); }

  // One step: averages the gradients over the group, clips them, updates all parameters at their rates times
  // `lr_scale`. `step` counts from 0 and sets Muon's momentum. In Muon's sharded form clipping sees each rank's own
  // gradients, before the averaging, as in the original (optim.md 1.4), and Adam's steps are made while Muon's
  // gradients are under way.
  void step(std::int64_t step, double lr_scale);

  // Collective; the same on all ranks, and for any number of them.
  State state();
  Status restore(const State& state);

 private:
  void average_gradients(bool with_matrices);

  Config config_;
  dist::Group& group_;
  FlatStore store_;
  std::optional<Muon> muon_;  // none: no matrices
  struct Rated {
    Adam adam;
    double lr;
  };
  std::vector<Rated> adams_;
};

// torch.nn.utils.clip_grad_norm_: scales all gradients by min(1, max_norm / (norm + 1e-6)) of their common L2 norm.
// Returns the norm before, a scalar tensor on the device. A norm that is not finite leaves gradients that are not, as
// in PyTorch: the scale is 0, and infinity times 0 is not a number.
at::Tensor clip_gradients(std::vector<FlatStore::Buffer>& buffers, double max_norm);

}  // namespace pg::optim

#pragma once

#include <ATen/core/Tensor.h>

#include "reference/base/result.h"
#include "reference/optim/flat_store.h"
#include "reference/optim/state.h"

namespace pg::optim {

// torch.optim.AdamW(fused=True) over one section: decoupled decay, epsilon outside of the root, moments in the
// parameters' type, arithmetic in f32. Without decay this is Adam.
class Adam {
 public:
  struct Settings {
    double beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0;
  };
  // `section` must outlive this.
  Adam(Section& section, const Settings& settings);

  void step(double lr);

  // "<parameter>.exp_avg", ".exp_avg_sq" and ".step".
  State state() const;
  Status restore(const State& state);

 private:
  Section& section_;
  Settings settings_;
  at::Tensor mean_, square_;  // [section size]
  at::Tensor step_;           // scalar f32 on the section's device, as PyTorch's kernel wants it
};

}  // namespace pg::optim

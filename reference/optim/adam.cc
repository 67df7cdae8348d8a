#include "reference/optim/adam.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

namespace pg::optim {

Adam::Adam(Section& section, const Settings& settings)
    : section_(section),
      settings_(settings),
      mean_(at::zeros_like(section.data)),
      square_(at::zeros_like(section.data)),
      step_(at::zeros({}, section.data.options().dtype(at::kFloat))) {}

void Adam::step(double lr) {
  const at::NoGradGuard no_grad;
  step_.add_(1);
  at::_fused_adamw_({section_.data}, {section_.grad}, {mean_}, {square_}, {}, {step_}, lr, settings_.beta1,
                    settings_.beta2, settings_.weight_decay, settings_.eps, false, false);
}

State Adam::state() const {
  State state;
  for (const Slot& slot : section_.slots) {
    state[slot.name + ".exp_avg"] = view_of(slot, mean_);
    state[slot.name + ".exp_avg_sq"] = view_of(slot, square_);
    state[slot.name + ".step"] = step_;
  }
  return state;
}

Status Adam::restore(const State& state) {
  const at::NoGradGuard no_grad;
  const auto take = [&](const std::string& name, const at::Tensor& to) -> Status {
    const auto it = state.find(name);
    if (it == state.end() || it->second.sizes() != to.sizes())
      return Error{fmt::format("no {} of {} numbers in the optimizer's state", name, to.numel())};
    to.copy_(it->second);
    return {};
  };
  for (const Slot& slot : section_.slots)
    for (const auto& [name, to] : {std::pair{".exp_avg", view_of(slot, mean_)}, {".exp_avg_sq", view_of(slot, square_)},
                                   {".step", step_}})
      if (const Status status = take(slot.name + name, to); !status) return status;
  return {};
}

}  // namespace pg::optim

#include "reference/train/averages.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include "reference/optim/kernels.h"

namespace pg::train {
namespace {

constexpr std::int64_t kFewestSnapshots = 2;

}  // namespace

Averages::Averages(const Config& config, optim::FlatStore& store) : config_(config), store_(store) {
  const at::NoGradGuard no_grad;
  for (const auto& buffer : store_.buffers()) {
    if (config_.ema_decay > 0) ema_.push_back(buffer.data.to(at::kFloat, false, true));
    if (config_.swa_every > 0) swa_.push_back(at::zeros_like(buffer.data, buffer.data.options().dtype(at::kFloat)));
  }
}

void Averages::update(std::int64_t step, double multiplier) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < ema_.size(); ++i)
    optim::moving_average(ema_[i], store_.buffers()[i].data, config_.ema_decay);
  if (swa_.empty() || multiplier >= config_.swa_start || (step + 1) % config_.swa_every != 0) return;
  ++snapshots_;
  const double decay = 1 - 1.0 / static_cast<double>(snapshots_);
  for (std::size_t i = 0; i < swa_.size(); ++i) optim::moving_average(swa_[i], store_.buffers()[i].data, decay);
}

std::string Averages::apply() {
  const at::NoGradGuard no_grad;
  const bool use_swa = snapshots_ >= kFewestSnapshots;
  const auto& source = use_swa ? swa_ : ema_;
  for (std::size_t i = 0; i < source.size(); ++i) store_.buffers()[i].data.copy_(source[i]);
  if (source.empty()) return "";
  return use_swa ? "swa" : "ema";
}

std::map<std::string, at::Tensor> Averages::state() const {
  std::map<std::string, at::Tensor> state;
  for (std::size_t i = 0; i < ema_.size(); ++i) state[fmt::format("ema.{}", i)] = ema_[i];
  for (std::size_t i = 0; i < swa_.size(); ++i) state[fmt::format("swa.{}", i)] = swa_[i];
  return state;
}

Status Averages::restore(const std::map<std::string, at::Tensor>& state, std::int64_t snapshots) {
  const at::NoGradGuard no_grad;
  for (auto& [name, mine] : this->state()) {
    const auto it = state.find(name);
    if (it == state.end() || it->second.sizes() != mine.sizes())
      return Error{fmt::format("no average {} of {} numbers in it", name, mine.numel())};
    mine.copy_(it->second);
  }
  snapshots_ = snapshots;
  return {};
}

}  // namespace pg::train

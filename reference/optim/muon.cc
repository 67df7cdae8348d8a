#include "reference/optim/muon.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "reference/optim/kernels.h"

namespace pg::optim {

Muon::Muon(Section& section, std::vector<int> order, const Config& config, bool bf16, dist::Group& group)
    : section_(section), form_(config.muon_form), weight_decay_(config.muon_wd), group_(group) {
  how_ = {config.muon_orthogonalizer, config.muon_backend_steps, config.muon_row_normalize, bf16};
  const auto options = section.data.options();
  const auto exchanged = options.dtype(bf16 ? at::kBFloat16 : at::kFloat);
  for (std::size_t i = 0; i < section.slots.size(); ++i) {
    const Slot& slot = section.slots[i];
    if (banks_.empty() || banks_.back().rows != slot.sizes[0] || banks_.back().cols != slot.sizes[1]) {
      Bank& bank = banks_.emplace_back();
      bank.rows = slot.sizes[0];
      bank.cols = slot.sizes[1];
      bank.offset = slot.offset;
      bank.first = i;
    }
    Bank& bank = banks_.back();
    if (order[i] % group.place().world == group.place().rank) bank.mine.push_back(static_cast<int>(bank.count));
    ++bank.count;
  }
  for (Bank& bank : banks_) {
    const bool sharded = form_ == MuonForm::kSharded;
    const auto held = sharded ? shard(bank) : static_cast<std::int64_t>(bank.mine.size());
    bank.mine_index =
        at::tensor(std::vector<std::int64_t>(bank.mine.begin(), bank.mine.end()), at::kLong).to(section.data.device());
    bank.momentum = at::zeros({held, bank.rows, bank.cols}, sharded ? exchanged : options);
    bank.update = at::zeros_like(bank.momentum);
    if (!sharded) continue;
    bank.gradient = at::zeros_like(bank.momentum);
    bank.exchange = at::zeros({held * group.place().world, bank.rows, bank.cols}, exchanged);
  }
  if (form_ == MuonForm::kRoundRobin) {
    updates_ = at::zeros({section.size}, exchanged);
  } else {
    // Large banks first: their exchange takes longest (optim.md 1.4).
    std::stable_sort(banks_.begin(), banks_.end(), [](const Bank& a, const Bank& b) {
      return a.count * a.rows * a.cols > b.count * b.rows * b.cols;
    });
  }
}

std::int64_t Muon::shard(const Bank& bank) const {
  return (bank.count + group_.place().world - 1) / group_.place().world;
}

at::Tensor Muon::view(const Bank& bank, const at::Tensor& flat) {
  return flat.narrow(0, bank.offset, bank.count * bank.rows * bank.cols).view({bank.count, bank.rows, bank.cols});
}

// gradient: as many matrices as the bank's momentum has, contiguous.
at::Tensor Muon::orthogonal_update(Bank& bank, const at::Tensor& gradient, double momentum) const {
  nesterov(gradient, bank.momentum, bank.update, momentum);
  at::Tensor update = orthogonalize(bank.update, how_);
  if (bank.rows > bank.cols) update.mul_(std::sqrt(static_cast<double>(bank.rows) / static_cast<double>(bank.cols)));
  return update;
}

void Muon::step(double lr, double momentum) {
  const at::NoGradGuard no_grad;
  if (form_ == MuonForm::kRoundRobin) {
    step_round_robin(lr, momentum);
  } else {
    step_sharded(lr, momentum);
  }
}

void Muon::step_round_robin(double lr, double momentum) {
  const bool alone = group_.place().world == 1;
  if (!alone) updates_.zero_();
  for (Bank& bank : banks_) {
    if (bank.mine.empty()) continue;
    const at::Tensor gradient = view(bank, section_.grad);
    if (alone) {
      view(bank, updates_).copy_(orthogonal_update(bank, gradient, momentum));
    } else {
      view(bank, updates_)
          .index_copy_(0, bank.mine_index,
                       orthogonal_update(bank, gradient.index_select(0, bank.mine_index), momentum));
    }
  }
  group_.all_reduce(updates_, dist::Group::Reduce::kSum);
  decay_and_add(section_.data, 1.0 - lr * weight_decay_, updates_, -lr);
}

void Muon::begin() {
  if (form_ == MuonForm::kRoundRobin) return;
  const at::NoGradGuard no_grad;
  for (Bank& bank : banks_) {
    bank.exchange.narrow(0, 0, bank.count).copy_(view(bank, section_.grad));
    bank.pending = group_.start_reduce_scatter(bank.gradient, bank.exchange, dist::Group::Reduce::kMean);
  }
}

void Muon::step_sharded(double lr, double momentum) {
  for (Bank& bank : banks_) {
    assert(bank.pending);  // by begin()
    bank.pending->wait();
    // A matrix of zeros that only pads has an update of zero.
    bank.sent = orthogonal_update(bank, bank.gradient, momentum).contiguous();
    bank.pending = group_.start_all_gather(bank.exchange, bank.sent);
  }
  for (Bank& bank : banks_) {
    bank.pending->wait();
    bank.pending.reset();
    bank.sent.reset();
    at::Tensor data = view(bank, section_.data);
    decay_and_add(data, 1.0 - lr * weight_decay_, bank.exchange.narrow(0, 0, bank.count), -lr);
  }
}

// Momentum of the whole bank on every rank: [count, rows, cols].
at::Tensor Muon::gathered_momentum(Bank& bank) {
  const int world = group_.place().world;
  if (form_ == MuonForm::kSharded) {
    at::Tensor all = at::zeros({shard(bank) * world, bank.rows, bank.cols}, bank.momentum.options());
    std::vector<at::Tensor> parts = all.split(shard(bank));
    group_.all_gather(parts, bank.momentum);
    return all.narrow(0, 0, bank.count);
  }
  at::Tensor all = at::zeros({bank.count, bank.rows, bank.cols}, bank.momentum.options());
  if (!bank.mine.empty()) all.index_copy_(0, bank.mine_index, bank.momentum);
  group_.all_reduce(all, dist::Group::Reduce::kSum);
  return all;
}

State Muon::state() {
  const at::NoGradGuard no_grad;
  State state;
  for (Bank& bank : banks_) {
    const at::Tensor all = gathered_momentum(bank);
    for (std::int64_t i = 0; i < bank.count; ++i)
      state[section_.slots[bank.first + static_cast<std::size_t>(i)].name + ".momentum"] = all.select(0, i);
  }
  return state;
}

Status Muon::restore(const State& state) {
  const at::NoGradGuard no_grad;
  for (Bank& bank : banks_) {
    const std::int64_t start = form_ == MuonForm::kSharded ? shard(bank) * group_.place().rank : 0;
    for (std::int64_t row = 0; row < bank.momentum.size(0); ++row) {
      const std::int64_t i = form_ == MuonForm::kSharded ? start + row : bank.mine[static_cast<std::size_t>(row)];
      if (i >= bank.count) continue;
      const std::string name = section_.slots[bank.first + static_cast<std::size_t>(i)].name + ".momentum";
      const auto it = state.find(name);
      if (it == state.end() || it->second.sizes() != at::IntArrayRef({bank.rows, bank.cols}))
        return Error{fmt::format("no {} of {} x {} in the optimizer's state", name, bank.rows, bank.cols)};
      bank.momentum.select(0, row).copy_(it->second);
    }
  }
  return {};
}

}  // namespace pg::optim

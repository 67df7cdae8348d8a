#include "reference/optim/optimizers.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cassert>
#include <numeric>

#include "reference/optim/routing.h"

namespace pg::optim {
namespace {

enum GroupIndex : std::size_t { kMatrices, kEmbeddings, kHead, kScalars };

// Equal shapes together, in the order of first appearance; `order` gets the model's index of each.
std::vector<model::Parameter> by_shape(const std::vector<model::Parameter>& parameters, std::vector<int>* order) {
  std::vector<int> index(parameters.size());
  std::iota(index.begin(), index.end(), 0);
  const auto first_of_shape = [&](int i) {
    const auto sizes = parameters[static_cast<std::size_t>(i)].tensor.sizes();
    return std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.tensor.sizes() == sizes; });
  };
  std::stable_sort(index.begin(), index.end(), [&](int a, int b) { return first_of_shape(a) < first_of_shape(b); });
  std::vector<model::Parameter> sorted;
  for (const int i : index) sorted.push_back(parameters[static_cast<std::size_t>(i)]);
  if (order) *order = index;
  return sorted;
}

std::vector<std::vector<model::Parameter>> groups(const std::vector<model::Parameter>& parameters,
                                                  const Config& config) {
  const Routing routing = route(parameters, config);
  return {by_shape(routing.matrices, nullptr), routing.embeddings, routing.head, routing.scalars};
}

}  // namespace

Optimizers::Optimizers(const Config& config, const std::vector<model::Parameter>& parameters, dist::Group& group)
    : config_(config), group_(group), store_(groups(parameters, config)) {
  std::vector<int> order;
  by_shape(route(parameters, config).matrices, &order);
  if (auto& sections = store_.sections(kMatrices); !sections.empty()) {
    assert(sections.size() == 1);  // matrices have one type (model.md 0.2), so `order` is of this section
    const bool bf16 = config.muon_precision == MuonPrecision::kBf16 ||
                      (config.muon_precision == MuonPrecision::kAuto && !sections[0].data.is_cpu());
    muon_.emplace(sections[0], order, config, bf16, group);
  }
  const bool tied = store_.sections(kHead).empty();
  const auto add = [&](GroupIndex g, double lr, double decay) {
    for (Section& section : store_.sections(g))
      adams_.push_back({Adam(section, {config.beta1, config.beta2, config.adam_eps, decay}), lr});
  };
  add(kEmbeddings, tied ? config.tied_embed_lr : config.embed_lr, config.embed_wd);
  add(kHead, config.head_lr, 0);
  add(kScalars, config.scalar_lr, config.adam_wd);
}

void Optimizers::average_gradients(bool with_matrices) {
  if (group_.place().world == 1) return;
  if (with_matrices) {
    for (auto& buffer : store_.buffers()) group_.all_reduce(buffer.grad, dist::Group::Reduce::kMean);
    return;
  }
  for (const GroupIndex g : {kEmbeddings, kHead, kScalars})
    for (Section& section : store_.sections(g)) group_.all_reduce(section.grad, dist::Group::Reduce::kMean);
}

void Optimizers::step(std::int64_t step, double lr_scale) {
  const at::NoGradGuard no_grad;
  store_.collect_gradients();
  const bool sharded = config_.muon_form == MuonForm::kSharded;
  if (!sharded) average_gradients(true);
  if (config_.grad_clip_norm > 0) clip_gradients(store_.buffers(), config_.grad_clip_norm);
  if (muon_) muon_->begin();
  if (sharded) average_gradients(false);
  for (Rated& rated : adams_) rated.adam.step(rated.lr * lr_scale);
  if (muon_) muon_->step(config_.matrix_lr * lr_scale, momentum_at(config_, step));
}

State Optimizers::state() {
  State all;
  if (muon_) all = muon_->state();
  for (Rated& rated : adams_) all.merge(rated.adam.state());
  return all;
}

Status Optimizers::restore(const State& state) {
  if (muon_)
    if (const Status status = muon_->restore(state); !status) return status;
  for (Rated& rated : adams_)
    if (const Status status = rated.adam.restore(state); !status) return status;
  return {};
}

at::Tensor clip_gradients(std::vector<FlatStore::Buffer>& buffers, double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> norms;
  for (auto& buffer : buffers) {
    const auto type = buffer.grad.is_cpu() ? at::kDouble : at::kFloat;
    norms.push_back(at::linalg_vector_norm(buffer.grad, 2, at::OptionalIntArrayRef(), false, type));
  }
  const at::Tensor norm = at::linalg_vector_norm(at::stack(norms));
  const at::Tensor scale = at::reciprocal(norm.add(1e-6)).mul_(max_norm).clamp_max_(1.0);
  for (auto& buffer : buffers) buffer.grad.mul_(scale);
  return norm;
}

}  // namespace pg::optim

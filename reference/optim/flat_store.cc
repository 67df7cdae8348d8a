#include "reference/optim/flat_store.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace pg::optim {
namespace {

constexpr std::int64_t kAlign = 32;  // elements: 64 bytes in the smaller type

std::int64_t aligned(std::int64_t n) {
  return (n + kAlign - 1) / kAlign * kAlign;
}

std::vector<Section> lay_out(const std::vector<model::Parameter>& parameters) {
  std::vector<Section> sections;
  for (const model::Parameter& p : parameters) {
    const auto type = p.tensor.scalar_type();
    auto it = std::find_if(sections.begin(), sections.end(),
                           [&](const Section& s) { return s.slots[0].tensor.scalar_type() == type; });
    if (it == sections.end()) it = sections.emplace(sections.end());
    Slot slot{p.name, p.tensor, p.tensor.sizes().vec(), 0, p.tensor.numel()};
    const bool bank = !it->slots.empty() && it->slots.back().sizes == slot.sizes;
    slot.offset = bank ? it->size : aligned(it->size);
    it->size = slot.offset + slot.numel;
    it->slots.push_back(std::move(slot));
  }
  for (Section& section : sections) section.size = aligned(section.size);
  return sections;
}

}  // namespace

at::Tensor view_of(const Slot& slot, const at::Tensor& flat) {
  return flat.narrow(0, slot.offset, slot.numel).view(slot.sizes);
}

FlatStore::FlatStore(const std::vector<std::vector<model::Parameter>>& groups) {
  const at::NoGradGuard no_grad;
  for (const auto& group : groups) groups_.push_back(lay_out(group));
  std::vector<at::ScalarType> types;
  for (auto& group : groups_)
    for (Section& section : group)
      if (const auto type = section.slots[0].tensor.scalar_type();
          std::find(types.begin(), types.end(), type) == types.end())
        types.push_back(type);
  for (const at::ScalarType type : types) {
    std::vector<Section*> parts;
    std::int64_t total = 0;
    for (auto& group : groups_)
      for (Section& section : group)
        if (section.slots[0].tensor.scalar_type() == type) {
          parts.push_back(&section);
          total += section.size;
        }
    const auto options = parts[0]->slots[0].tensor.options().requires_grad(false);
    Buffer buffer{at::zeros({total}, options), at::zeros({total}, options)};
    std::int64_t offset = 0;
    for (Section* section : parts) {
      section->data = buffer.data.narrow(0, offset, section->size);
      section->grad = buffer.grad.narrow(0, offset, section->size);
      offset += section->size;
      for (Slot& slot : section->slots) {
        const at::Tensor home = view_of(slot, section->data);
        home.copy_(slot.tensor.detach());
        slot.tensor.set_data(home);
        slot.tensor.mutable_grad() = view_of(slot, section->grad);
      }
    }
    buffers_.push_back(std::move(buffer));
  }
}

void FlatStore::zero_grad() {
  const at::NoGradGuard no_grad;
  for (Buffer& buffer : buffers_) buffer.grad.zero_();
}

void FlatStore::collect_gradients() {
  const at::NoGradGuard no_grad;
  for (auto& group : groups_)
    for (Section& section : group)
      for (Slot& slot : section.slots) {
        const char* home = static_cast<const char*>(section.grad.const_data_ptr()) +
                           slot.offset * static_cast<std::int64_t>(section.grad.element_size());
        at::Tensor& grad = slot.tensor.mutable_grad();
        if (grad.defined() && grad.const_data_ptr() == home) continue;
        const at::Tensor view = view_of(slot, section.grad);
        if (grad.defined()) {
          view.copy_(grad);
        } else {
          view.zero_();
        }
        grad = view;
      }
}

}  // namespace pg::optim

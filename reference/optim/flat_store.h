#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "reference/model/model.h"

namespace pg::optim {

// A run of elements in a buffer: one parameter.
struct Slot {
  std::string name;
  at::Tensor tensor;  // the model's parameter
  std::vector<std::int64_t> sizes;
  std::int64_t offset = 0;  // into the section
  std::int64_t numel = 0;
};

// The parameters of one group that have one type, side by side. data and grad: [n], views of a FlatStore's buffers.
// Gaps between parameters are zero and stay zero.
struct Section {
  std::vector<Slot> slots;
  at::Tensor data, grad;
  std::int64_t size = 0;
};

// A slot's part of a tensor that is laid out like its section, in the parameter's shape.
at::Tensor view_of(const Slot& slot, const at::Tensor& flat);

// All parameters moved into one buffer per type, and their gradients into another, so that what is done with all of
// them (all-reduce, norm, average, update) is one pass over memory and one call. The model's tensors stay the same
// objects; they and their gradients become views.
class FlatStore {
 public:
  // Groups of parameters in the order they shall lie in. Equal shapes of neighbours leave no gap: they are a bank
  // [n, rows, cols]. Every parameter may be in one group only.
  explicit FlatStore(const std::vector<std::vector<model::Parameter>>& groups);

  struct Buffer {
    at::Tensor data, grad;  // [n]
  };
  std::vector<Buffer>& buffers() { return buffers_; }
  // The sections of group g: one per type, in the order of first appearance.
  std::vector<Section>& sections(std::size_t g) { return groups_[g]; }

  void zero_grad();
  // Brings gradients into the buffer that were put elsewhere (a parameter's grad replaced by another tensor).
  void collect_gradients();

 private:
  std::vector<Buffer> buffers_;
  std::vector<std::vector<Section>> groups_;
};

}  // namespace pg::optim

#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstdint>

namespace pg::optim {

// For tests: the generator of testdata/make_goldens.py. The upper 24 bits of a 64-bit linear congruential generator as
// a number in [-0.5, 0.5).
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}
  float next() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<float>(state_ >> 40) / 16777216.0F - 0.5F;
  }
  at::Tensor tensor(at::IntArrayRef sizes, float scale = 1.0F) {
    at::Tensor out = at::empty(sizes, at::kFloat);
    float* values = out.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < out.numel(); ++i) values[i] = next() * scale;
    return out;
  }

 private:
  std::uint64_t state_;
};

}  // namespace pg::optim

#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include "reference/model/fused_functions.h"
#include "reference/model/fused_kernels.h"
#include "reference/model/ops.h"

// What the autograd functions over the kernels share.

namespace pg::model {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// The kernels take tensors of the CPU in f32 or bf16, all of one type. Anything else goes to the plain table.
inline bool fusable(std::initializer_list<at::Tensor> tensors) {
  const at::ScalarType type = tensors.begin()->scalar_type();
  return (type == at::kFloat || type == at::kBFloat16) &&
         std::all_of(tensors.begin(), tensors.end(), [&](const at::Tensor& t) {
           return t.device().is_cpu() && t.scalar_type() == type && t.numel() > 0;
         });
}

// Whether a gradient will be asked for, so that something has to be kept.
inline bool wants_grad(std::initializer_list<at::Tensor> tensors) {
  return at::GradMode::is_enabled() && std::any_of(tensors.begin(), tensors.end(), [](const at::Tensor& t) {
           return t.defined() && t.requires_grad();
         });
}

// Calls f with a value of the kernels' type for x: float or the bits of bf16.
template <class F>
void with_type(const at::Tensor& x, F f) {
  if (x.scalar_type() == at::kFloat)
    f(float{});
  else
    f(std::uint16_t{});
}

template <class T>
T* pointer(const at::Tensor& x) {
  return static_cast<T*>(x.data_ptr());
}

// A parameter per channel as the activations' type rounds it, in f32.
inline at::Tensor rounded(const at::Tensor& parameter, at::ScalarType type) {
  return parameter.detach().to(type).to(at::kFloat).contiguous();
}

// f(begin, end) for ranges of rows, each row about `work` floats.
template <class F>
void over_rows(std::int64_t rows, std::int64_t work, F f) {
  at::parallel_for(0, rows, std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, work)), f);
}

// f(first, rows, sums) for fixed blocks of rows, `sums` a row of n floats each; their sum in the order of the blocks,
// so that it depends on the shape alone and on no number of threads.
template <class F>
at::Tensor summed_over_blocks(std::int64_t rows, std::int64_t n, std::int64_t work, F f) {
  const std::int64_t block = std::max<std::int64_t>(64, (rows + 127) / 128);
  const std::int64_t blocks = (rows + block - 1) / block;
  const at::Tensor partial = at::empty({blocks, n}, at::kFloat);
  float* const sums = pointer<float>(partial);
  at::parallel_for(0, blocks, std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, work * block)),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < end; ++i)
                       f(i * block, std::min(block, rows - i * block), sums + i * n);
                   });
  for (std::int64_t i = 1; i < blocks; ++i)
    for (std::int64_t j = 0; j < n; ++j) sums[j] += sums[i * n + j];
  return partial.select(0, 0);
}

inline void check_channels(const char* what, const at::Tensor& x, const at::Tensor& other, std::int64_t channels) {
  TORCH_CHECK(x.sizes() == other.sizes() && channels == x.size(-1), what, ": shapes ", x.sizes(), " and ",
              other.sizes(), " with parameters for ", channels, " channels");
}

}  // namespace pg::model

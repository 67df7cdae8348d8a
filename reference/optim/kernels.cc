#include "reference/optim/kernels.h"

#include <ATen/Parallel.h>
#include <ATen/ops/add.h>

namespace pg::optim {
namespace {

constexpr std::int64_t kGrain = 1 << 15;  // elements that pay for a thread

bool plain_f32(const at::Tensor& t) {
  return t.is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous();
}

float value(float x) {
  return x;
}
float value(c10::BFloat16 x) {
  return static_cast<float>(x);
}

template <class T>
void add_loop(float* data, const T* update, std::int64_t n, float keep, float scale) {
  at::parallel_for(0, n, kGrain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) data[i] = data[i] * keep + scale * value(update[i]);
  });
}

}  // namespace

void nesterov(const at::Tensor& grad, at::Tensor& momentum, at::Tensor& update, double mu) {
  if (!plain_f32(grad) || !plain_f32(momentum) || !plain_f32(update)) {
    momentum.mul_(mu).add_(grad);
    update.copy_(at::add(grad, momentum, mu));
    return;
  }
  const float* g = grad.const_data_ptr<float>();
  float* m = momentum.mutable_data_ptr<float>();
  float* u = update.mutable_data_ptr<float>();
  const auto f = static_cast<float>(mu);
  at::parallel_for(0, grad.numel(), kGrain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float buffer = f * m[i] + g[i];
      m[i] = buffer;
      u[i] = g[i] + f * buffer;
    }
  });
}

void decay_and_add(at::Tensor& data, double keep, const at::Tensor& update, double scale) {
  if (!plain_f32(data) || !update.is_contiguous()) {
    if (keep != 1) data.mul_(keep);
    data.add_(update.to(data.scalar_type()), scale);
    return;
  }
  float* p = data.mutable_data_ptr<float>();
  const auto k = static_cast<float>(keep), s = static_cast<float>(scale);
  if (update.scalar_type() == at::kBFloat16) {
    add_loop(p, update.const_data_ptr<c10::BFloat16>(), data.numel(), k, s);
  } else {
    add_loop(p, update.const_data_ptr<float>(), data.numel(), k, s);
  }
}

void moving_average(at::Tensor& average, const at::Tensor& data, double decay) {
  const auto d = static_cast<float>(decay), rest = static_cast<float>(1 - decay);
  if (plain_f32(average) && plain_f32(data)) {
    add_loop(average.mutable_data_ptr<float>(), data.const_data_ptr<float>(), data.numel(), d, rest);
  } else if (average.is_cpu() && data.scalar_type() == at::kBFloat16 && data.is_contiguous()) {
    add_loop(average.mutable_data_ptr<float>(), data.const_data_ptr<c10::BFloat16>(), data.numel(), d, rest);
  } else {
    average.mul_(decay).add_(data.to(at::kFloat), 1 - decay);
  }
}

}  // namespace pg::optim

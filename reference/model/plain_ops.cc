#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/tanh.h>

#include <initializer_list>
#include <limits>
#include <optional>

#include "reference/model/ops.h"

// The operations in the order in which the Python originals do them, so that each rounding falls where theirs does.

namespace pg::model {
namespace {

at::Tensor linear(const at::Tensor& x, const at::Tensor& w) {
  return at::linear(x, w.to(x.scalar_type()));
}

at::Tensor rms_norm(const at::Tensor& x, double eps, double scale) {
  const at::Tensor y = at::rms_norm(x, {x.size(-1)}, std::nullopt, eps);
  return scale == 1.0 ? y : y * scale;
}

at::Tensor join(std::initializer_list<at::Tensor> parts) {
  return at::cat(at::TensorList(parts), -1);
}

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const std::int64_t half = cos.size(-1);
  const at::Tensor c = cos.to(x.scalar_type()).unsqueeze(1);  // [T, 1, half] over [B, T, H, half]
  const at::Tensor s = sin.to(x.scalar_type()).unsqueeze(1);
  const at::Tensor x1 = x.narrow(-1, 0, half);
  const at::Tensor x2 = x.narrow(-1, half, half);
  const at::Tensor turned = join({x1 * c + x2 * s, x1 * -s + x2 * c});
  const std::int64_t rest = x.size(-1) - 2 * half;
  return rest == 0 ? turned : join({turned, x.narrow(-1, 2 * half, rest)});
}

at::Tensor norm_rope_gain(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, const at::Tensor& gain,
                          double eps) {
  const at::Tensor y = rotate(at::rms_norm(x, {x.size(-1)}, std::nullopt, eps), cos, sin);
  return gain.defined() ? y * gain.to(x.scalar_type()).unsqueeze(-1) : y;
}

at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return at::scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), std::nullopt, 0.0,
                                          /*is_causal=*/true, std::nullopt,
                                          /*enable_gqa=*/q.size(2) != k.size(2))
      .transpose(1, 2)
      .contiguous();
}

at::Tensor exclude_self(const at::Tensor& y, const at::Tensor& v) {
  // Autocast on a GPU takes norm and sum in f32, and what they are multiplied with follows; on the CPU it does not.
  if (y.is_cuda() && y.scalar_type() == at::kBFloat16)
    return exclude_self(y.to(at::kFloat), v.to(at::kFloat)).to(at::kBFloat16);
  const std::int64_t kv_heads = v.size(2);
  const at::Tensor groups = y.reshape({y.size(0), y.size(1), kv_heads, y.size(2) / kv_heads, y.size(3)});
  const at::Tensor norm = at::linalg_vector_norm(v, 2, at::IntArrayRef{-1}, /*keepdim=*/true).clamp_min(1e-12);
  const at::Tensor unit = (v / norm).unsqueeze(-2);
  return (groups - (groups * unit).sum(-1, /*keepdim=*/true) * unit).reshape_as(y);
}

at::Tensor leaky_relu_squared(const at::Tensor& x, double slope) {
  return (slope == 0.0 ? at::relu(x) : at::leaky_relu(x, slope)).square();
}

at::Tensor add_scaled(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale) {
  return x + scale.to(x.scalar_type()) * y;
}

std::pair<at::Tensor, at::Tensor> residual_mix_norm(const at::Tensor& x, const at::Tensor& x0, const at::Tensor& mix,
                                                    double eps, double factor) {
  const at::Tensor m = mix.to(x.scalar_type());
  const at::Tensor sum = m.select(0, 0) * x + m.select(0, 1) * x0;
  return {sum, rms_norm(sum, eps, factor)};
}

std::pair<at::Tensor, at::Tensor> add_scaled_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale,
                                                  double eps, double factor) {
  const at::Tensor sum = add_scaled(x, y, scale);
  return {sum, rms_norm(sum, eps, factor)};
}

at::Tensor gated_skip(const at::Tensor& x, const at::Tensor& skip, const at::Tensor& weight, const at::Tensor& gate) {
  return at::lerp(weight.to(x.scalar_type()) * skip, x, at::sigmoid(gate.to(x.scalar_type())).expand_as(x));
}

at::Tensor softcap_nll(const at::Tensor& z, const at::Tensor& targets, double cap) {
  // Every class is a target: the index that the framework would ignore is none.
  return at::cross_entropy_loss((cap * at::tanh(z / cap)).to(at::kFloat), targets, std::nullopt,
                                /*reduction=*/0, /*ignore_index=*/std::numeric_limits<std::int64_t>::min());
}

}  // namespace

const Ops& plain_ops() {
  static constexpr Ops kOps{linear,          rms_norm,           norm_rope_gain, causal_attention,
                            exclude_self,    leaky_relu_squared, add_scaled,     residual_mix_norm,
                            add_scaled_norm, gated_skip,         softcap_nll};
  return kOps;
}

}  // namespace pg::model

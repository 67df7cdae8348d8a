#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

namespace pg::model {

// The functions of fused_ops(), each in the file of its name's kind.
at::Tensor fused_linear(const at::Tensor& x, const at::Tensor& w);
std::pair<at::Tensor, at::Tensor> fused_residual_mix_norm(const at::Tensor& x, const at::Tensor& x0,
                                                          const at::Tensor& mix, double eps, double factor);
std::pair<at::Tensor, at::Tensor> fused_add_scaled_norm(const at::Tensor& x, const at::Tensor& y,
                                                        const at::Tensor& scale, double eps, double factor);
at::Tensor fused_rms_norm(const at::Tensor& x, double eps, double scale);
at::Tensor fused_norm_rope_gain(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin,
                                const at::Tensor& gain, double eps);
at::Tensor fused_causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
at::Tensor fused_exclude_self(const at::Tensor& y, const at::Tensor& v);
at::Tensor fused_leaky_relu_squared(const at::Tensor& x, double slope);
at::Tensor fused_add_scaled(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale);
at::Tensor fused_gated_skip(const at::Tensor& x, const at::Tensor& skip, const at::Tensor& weight,
                            const at::Tensor& gate);
at::Tensor fused_softcap_nll(const at::Tensor& z, const at::Tensor& targets, double cap);

}  // namespace pg::model

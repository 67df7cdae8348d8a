#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

namespace pg::model {

// What a block is made of, as differentiable functions on tensors. There are two tables with the same meaning: the
// plain one composes ATen operations as the Python originals do and is the truth; the fused one has a pass over memory
// per function, forward and backward, and must agree with it (ops_test). Shapes: B batch, T positions, H query heads,
// Hkv key and value heads, D head width, d = H * D model width, V vocabulary. All floating tensors of one call have
// one type (f32 or bf16) but for parameters, which may be f32 beside bf16 activations and are cast to their type.
struct Ops {
  // x w^T, with w in x's type first (model.md 0.2). x: [..., in]; w: [out, in]. Result: [..., out]. The fused one
  // computes bf16 products in f32 where the processor has no bf16 instructions: the rounding of the inputs, of the
  // result and of both gradients is the same, and it takes a tenth of the time.
  at::Tensor (*linear)(const at::Tensor& x, const at::Tensor& w);

  // x / sqrt(mean(x^2, last) + eps) * scale. x: [..., n]. F.rms_norm without weight (model.md 0.1), times ln_scale
  // (2.3).
  at::Tensor (*rms_norm)(const at::Tensor& x, double eps, double scale);

  // Norm over D, rotation of the first rope_dims entries (half-split, model.md 1), times gain per head where defined.
  // x: [B, T, H, D]; cos, sin: [T, rope_dims / 2]; gain: [H] or undefined. Result: [B, T, H, D].
  at::Tensor (*norm_rope_gain)(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin,
                               const at::Tensor& gain, double eps);

  // Causal softmax attention with scale 1 / sqrt(D); query head h reads head h / (H / Hkv). q: [B, T, H, D];
  // k, v: [B, T, Hkv, D]. Result: [B, T, H, D].
  at::Tensor (*causal_attention)(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

  // Takes the part along v of the same position out of every head (XSA, model.md 2.9). y: [B, T, H, D], v: [B, T, Hkv,
  // D].
  at::Tensor (*exclude_self)(const at::Tensor& y, const at::Tensor& v);

  // (x > 0 ? x : slope * x)^2; slope 0 is relu^2 (model.md 2.5).
  at::Tensor (*leaky_relu_squared)(const at::Tensor& x, double slope);

  // x + scale * y, per channel. x, y: [B, T, d]; scale: [d].
  at::Tensor (*add_scaled)(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale);

  // mix[0] * x + mix[1] * x0, or the sum above, with the norm of the result that stands in front of each branch: (sum,
  // rms_norm(sum, eps, factor)). One pass instead of two, and one for the gradients of both results. x0: [B, T, d];
  // mix: [2, d].
  std::pair<at::Tensor, at::Tensor> (*residual_mix_norm)(const at::Tensor& x, const at::Tensor& x0,
                                                         const at::Tensor& mix, double eps, double factor);
  std::pair<at::Tensor, at::Tensor> (*add_scaled_norm)(const at::Tensor& x, const at::Tensor& y,
                                                       const at::Tensor& scale, double eps, double factor);

  // lerp(weight * skip, x, sigmoid(gate)) per channel (model.md 2.4). x, skip: [B, T, d]; weight, gate: [d].
  at::Tensor (*gated_skip)(const at::Tensor& x, const at::Tensor& skip, const at::Tensor& weight,
                           const at::Tensor& gate);

  // -log softmax(cap * tanh(z / cap))[target] with the softmax in f32 (model.md 2.6). z: [N, V]; targets: [N] int64.
  // Result: [N] f32. The tensor z may be overwritten.
  at::Tensor (*softcap_nll)(const at::Tensor& z, const at::Tensor& targets, double cap);
};

const Ops& plain_ops();
const Ops& fused_ops();  // CPU: own kernels. Elsewhere the plain table, until there are kernels for it.

}  // namespace pg::model

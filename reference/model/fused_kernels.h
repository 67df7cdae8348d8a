#pragma once

#include <cstdint>
#include <vector>

namespace pg::model {

constexpr std::int64_t kMaxGroup = 256;  // query heads per key and value head in exclude_self

// The fused functions of ops.h on raw memory: every call is for a range of rows (or of tasks), so that the caller
// spreads ranges over threads. T is float or std::uint16_t (bf16 bits); arithmetic is in f32. Gradients of vectors per
// channel are written as sums over the block of rows of the call; the caller adds the blocks in their order.
template <class T>
struct RowKernels {
  // y = x * r * scale, r = 1 / sqrt(mean(x^2) + eps). x, y: [rows, n]; r: [rows].
  void (*rms_norm)(const T* x, T* y, float* r, std::int64_t rows, std::int64_t n, float eps, float scale);
  void (*rms_norm_grad)(const T* g, const T* x, const float* r, T* dx, std::int64_t rows, std::int64_t n, float scale);

  // x, y: [rows, heads, width]; cos, sin: the row's [half] of [period, half], row first + i of the period; r: [rows *
  // heads]; gain: [heads] or null. dgain: [heads], of these rows, or null.
  void (*norm_rope_gain)(const T* x, const T* cos, const T* sin, const float* gain, T* y, float* r, std::int64_t first,
                         std::int64_t rows, std::int64_t period, std::int64_t heads, std::int64_t width,
                         std::int64_t half, float eps);
  void (*norm_rope_gain_grad)(const T* g, const T* x, const T* cos, const T* sin, const float* gain, const float* r,
                              T* dx, float* dgain, std::int64_t first, std::int64_t rows, std::int64_t period,
                              std::int64_t heads, std::int64_t width, std::int64_t half);

  // y, out: [rows, heads, width]; v: [rows, kv_heads, width].
  void (*exclude_self)(const T* y, const T* v, T* out, std::int64_t rows, std::int64_t heads, std::int64_t kv_heads,
                       std::int64_t width);
  void (*exclude_self_grad)(const T* g, const T* y, const T* v, T* dy, T* dv, std::int64_t rows, std::int64_t heads,
                            std::int64_t kv_heads, std::int64_t width);

  void (*leaky_relu_squared)(const T* x, T* y, std::int64_t n, float slope);
  void (*leaky_relu_squared_grad)(const T* g, const T* x, T* dx, std::int64_t n, float slope);

  // x, y: [rows, n]; scale, dscale: [n].
  void (*add_scaled)(const T* x, const T* y, const float* scale, T* out, std::int64_t rows, std::int64_t n);
  void (*add_scaled_grad)(const T* g, const T* y, const float* scale, T* dy, float* dscale, std::int64_t rows,
                          std::int64_t n);

  // mix[0] * x + mix[1] * x0, or the sum above, and its norm in one pass; from the gradients of both, those of the
  // operands. x, x0: [rows, n]; mix, dmix: [2, n].
  void (*residual_mix_norm)(const T* x, const T* x0, const float* mix, T* sum, T* normed, float* r, std::int64_t rows,
                            std::int64_t n, float eps, float factor);
  void (*residual_mix_norm_grad)(const T* gsum, const T* gnormed, const T* x, const T* x0, const T* sum,
                                 const float* mix, const float* r, T* dx, T* dx0, float* dmix, std::int64_t rows,
                                 std::int64_t n, float factor);
  void (*add_scaled_norm)(const T* x, const T* y, const float* scale, T* sum, T* normed, float* r, std::int64_t rows,
                          std::int64_t n, float eps, float factor);
  void (*add_scaled_norm_grad)(const T* gsum, const T* gnormed, const T* y, const T* sum, const float* scale,
                               const float* r, T* dx, T* dy, float* dscale, std::int64_t rows, std::int64_t n,
                               float factor);

  // keep = sigmoid(gate). dweight, dkeep: [n].
  void (*gated_skip)(const T* x, const T* skip, const float* weight, const float* keep, T* out, std::int64_t rows,
                     std::int64_t n);
  void (*gated_skip_grad)(const T* g, const T* x, const T* skip, const float* weight, const float* keep, T* dx,
                          T* dskip, float* dweight, float* dkeep, std::int64_t rows, std::int64_t n);

  // z: [rows, n]; nll: [rows]. Where `gradient`, z becomes d nll / d z. scratch: [2 * n]. Targets are in range.
  void (*softcap_nll)(T* z, const std::int64_t* targets, float* nll, float* scratch, std::int64_t rows, std::int64_t n,
                      float cap, bool gradient);
  void (*scale_rows)(T* z, const float* by, std::int64_t rows, std::int64_t n);
};

// Causal attention of one sequence and one group of query heads that read the same key and value head.
struct AttentionShape {
  std::int64_t length, group, width;  // T, H / Hkv, D
  std::int64_t q_step, kv_step;       // from one position to the next: H * D, Hkv * D
  float scale;                        // of the scores
};
template <class T>
struct AttentionKernels {
  std::int64_t (*scratch)(const AttentionShape& shape);       // floats that a forward task needs
  std::int64_t (*grad_scratch)(const AttentionShape& shape);  // and a backward one
  // Pointers at the group's first head. lse: [group, length], log of each row's sum.
  void (*forward)(const AttentionShape& shape, const T* q, const T* k, const T* v, T* out, float* lse, float* scratch);
  void (*backward)(const AttentionShape& shape, const T* q, const T* k, const T* v, const T* out, const T* g,
                   const float* lse, T* dq, T* dk, T* dv, float* scratch);
};

struct KernelSet {
  RowKernels<float> f32;
  RowKernels<std::uint16_t> bf16;
  AttentionKernels<float> attention_f32;
  AttentionKernels<std::uint16_t> attention_bf16;
  const char* name;  // of the instruction set
};

// The sets that this machine's instructions can run, the narrowest first. Every set computes the same functions; sums
// differ in their order.
const std::vector<const KernelSet*>& usable_kernels();
// The last of them.
const KernelSet& kernels();
template <class T>
const RowKernels<T>& row_kernels();
template <class T>
const AttentionKernels<T>& attention_kernels();
template <>
const RowKernels<float>& row_kernels();
template <>
const RowKernels<std::uint16_t>& row_kernels();
template <>
const AttentionKernels<float>& attention_kernels();
template <>
const AttentionKernels<std::uint16_t>& attention_kernels();

}  // namespace pg::model

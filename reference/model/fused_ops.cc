#include "reference/model/fused_functions.h"
#include "reference/model/fused_kernels.h"
#include "reference/model/ops.h"

namespace pg::model {

extern const KernelSet kernels_default;
#if defined(__x86_64__)
extern const KernelSet kernels_avx2;
extern const KernelSet kernels_avx512;
#endif

const std::vector<const KernelSet*>& usable_kernels() {
  static const std::vector<const KernelSet*> usable = [] {
    std::vector<const KernelSet*> sets{&kernels_default};
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets.push_back(&kernels_avx2);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
      sets.push_back(&kernels_avx512);
#endif
    return sets;
  }();
  return usable;
}

const KernelSet& kernels() {
  static const KernelSet& widest = *usable_kernels().back();
  return widest;
}

template <>
const RowKernels<float>& row_kernels() {
  return kernels().f32;
}
template <>
const RowKernels<std::uint16_t>& row_kernels() {
  return kernels().bf16;
}
template <>
const AttentionKernels<float>& attention_kernels() {
  return kernels().attention_f32;
}
template <>
const AttentionKernels<std::uint16_t>& attention_kernels() {
  return kernels().attention_bf16;
}

const Ops& fused_ops() {
  static constexpr Ops kOps{fused_linear,           fused_rms_norm,          fused_norm_rope_gain,
                            fused_causal_attention, fused_exclude_self,      fused_leaky_relu_squared,
                            fused_add_scaled,       fused_residual_mix_norm, fused_add_scaled_norm,
                            fused_gated_skip,       fused_softcap_nll};
  return kOps;
}

}  // namespace pg::model

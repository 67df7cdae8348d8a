// Compiled once per instruction set (PG_KERNEL_SET names it), with no header but the kernels' own: see fused_simd.h.
#include "reference/model/fused_attention.h"
#include "reference/model/fused_rows.h"

namespace pg::model {

#define PG_STRING(x) #x
#define PG_SET_NAME(x) PG_STRING(x)
#define PG_SET_JOIN(x) kernels_##x
#define PG_SET_SYMBOL(x) PG_SET_JOIN(x)

extern const KernelSet PG_SET_SYMBOL(PG_KERNEL_SET);
const KernelSet PG_SET_SYMBOL(PG_KERNEL_SET){kRowKernels<float>, kRowKernels<Bf16>, kAttentionKernels<float>,
                                             kAttentionKernels<Bf16>, PG_SET_NAME(PG_KERNEL_SET)};

}  // namespace pg::model

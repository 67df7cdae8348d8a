#include <memory>

#include "reference/model/fused_common.h"

namespace pg::model {
namespace {

// Scratch memory of the calling thread, kept for the next call: a fresh allocation of this size would cost a page
// fault every 4 KiB.
float* scratch_memory(std::int64_t floats) {
  thread_local std::unique_ptr<float[]> memory;
  thread_local std::int64_t size = 0;
  if (size < floats) {
    memory.reset();
    memory.reset(new float[static_cast<std::size_t>(floats)]);
    size = floats;
  }
  return memory.get();
}

AttentionShape shape_of(const at::Tensor& q, const at::Tensor& k) {
  return {q.size(1),
          q.size(2) / k.size(2),
          q.size(3),
          q.size(2) * q.size(3),
          k.size(2) * k.size(3),
          1.0F / std::sqrt(static_cast<float>(q.size(3)))};
}

struct CausalAttention : Function<CausalAttention> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& queries, const at::Tensor& keys,
                            const at::Tensor& values) {
    const at::Tensor q = queries.contiguous(), k = keys.contiguous(), v = values.contiguous();
    const AttentionShape shape = shape_of(q, k);
    const std::int64_t kv_heads = k.size(2), length = shape.length;
    at::Tensor out = at::empty_like(q);
    const at::Tensor lse = at::empty({q.size(0), q.size(2), length}, at::kFloat);
    with_type(q, [&]<class T>(T) {
      const AttentionKernels<T>& kernel = attention_kernels<T>();
      at::parallel_for(0, q.size(0) * kv_heads, 1, [&](std::int64_t begin, std::int64_t end) {
        float* const scratch = scratch_memory(kernel.scratch(shape));
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t batch = i / kv_heads, head = i % kv_heads;
          const std::int64_t q_at = batch * length * shape.q_step + head * shape.group * shape.width;
          const std::int64_t kv_at = batch * length * shape.kv_step + head * shape.width;
          kernel.forward(shape, pointer<T>(q) + q_at, pointer<T>(k) + kv_at, pointer<T>(v) + kv_at,
                         pointer<T>(out) + q_at, pointer<float>(lse) + i * shape.group * length, scratch);
        }
      });
    });
    if (ctx != nullptr) ctx->save_for_backward({q, k, v, out, lse});
    return out;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3], &lse = saved[4];
    const at::Tensor g = grads[0].contiguous();
    const at::Tensor dq = at::empty_like(q), dk = at::empty_like(k), dv = at::empty_like(v);
    const AttentionShape shape = shape_of(q, k);
    const std::int64_t kv_heads = k.size(2), length = shape.length;
    with_type(q, [&]<class T>(T) {
      const AttentionKernels<T>& kernel = attention_kernels<T>();
      at::parallel_for(0, q.size(0) * kv_heads, 1, [&](std::int64_t begin, std::int64_t end) {
        float* const scratch = scratch_memory(kernel.grad_scratch(shape));
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t batch = i / kv_heads, head = i % kv_heads;
          const std::int64_t q_at = batch * length * shape.q_step + head * shape.group * shape.width;
          const std::int64_t kv_at = batch * length * shape.kv_step + head * shape.width;
          kernel.backward(shape, pointer<T>(q) + q_at, pointer<T>(k) + kv_at, pointer<T>(v) + kv_at,
                          pointer<T>(out) + q_at, pointer<T>(g) + q_at, pointer<float>(lse) + i * shape.group * length,
                          pointer<T>(dq) + q_at, pointer<T>(dk) + kv_at, pointer<T>(dv) + kv_at, scratch);
        }
      });
    });
    return {dq, dk, dv};
  }
};

}  // namespace

at::Tensor fused_causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  if (!fusable({q, k, v})) return plain_ops().causal_attention(q, k, v);
  TORCH_CHECK(q.dim() == 4 && k.dim() == 4 && k.sizes() == v.sizes() && q.size(0) == k.size(0) &&
                  q.size(1) == k.size(1) && q.size(3) == k.size(3) && q.size(2) % k.size(2) == 0,
              "causal_attention: queries of shape ", q.sizes(), " do not go with keys of shape ", k.sizes());
  return wants_grad({q, k, v}) ? CausalAttention::apply(q, k, v) : CausalAttention::forward(nullptr, q, k, v);
}

}  // namespace pg::model

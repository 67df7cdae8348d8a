#include <cmath>
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

// Calls task(q_at, kv_at, lse_at, scratch) for every KV head of every sequence, in parallel: where its queries, its
// keys and its log-sums begin, and memory for `scratch` floats.
template <class Task>
void for_each_kv_head(const AttentionShape& shape, const at::Tensor& k, std::int64_t scratch, const Task& task) {
  const std::int64_t kv_heads = k.size(2), length = shape.length;
  at::parallel_for(0, k.size(0) * kv_heads, 1, [&](std::int64_t begin, std::int64_t end) {
    float* const memory = scratch_memory(scratch);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t batch = i / kv_heads, head = i % kv_heads;
      task(batch * length * shape.q_step + head * shape.group * shape.width,
           batch * length * shape.kv_step + head * shape.width, i * shape.group * length, memory);
    }
  });
}

struct CausalAttention : Function<CausalAttention> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& queries, const at::Tensor& keys,
                            const at::Tensor& values) {
    const at::Tensor q = queries.contiguous(), k = keys.contiguous(), v = values.contiguous();
    const AttentionShape shape = shape_of(q, k);
    at::Tensor out = at::empty_like(q);
    const at::Tensor lse = at::empty({q.size(0), q.size(2), q.size(1)}, at::kFloat);
    with_type(q, [&]<class T>(T) {
      const AttentionKernels<T>& kernel = attention_kernels<T>();
      for_each_kv_head(shape, k, kernel.scratch(shape), [&](auto q_at, auto kv_at, auto lse_at, float* scratch) {
        kernel.forward(shape, pointer<T>(q) + q_at, pointer<T>(k) + kv_at, pointer<T>(v) + kv_at,
                       pointer<T>(out) + q_at, pointer<float>(lse) + lse_at, scratch);
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
    with_type(q, [&]<class T>(T) {
      const AttentionKernels<T>& kernel = attention_kernels<T>();
      for_each_kv_head(shape, k, kernel.grad_scratch(shape), [&](auto q_at, auto kv_at, auto lse_at, float* scratch) {
        kernel.backward(shape, pointer<T>(q) + q_at, pointer<T>(k) + kv_at, pointer<T>(v) + kv_at,
                        pointer<T>(out) + q_at, pointer<T>(g) + q_at, pointer<float>(lse) + lse_at,
                        pointer<T>(dq) + q_at, pointer<T>(dk) + kv_at, pointer<T>(dv) + kv_at, scratch);
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

#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>

#include "reference/model/fused_common.h"

namespace pg::model {
namespace {

// Without bf16 instructions the libraries' bf16 products run at a fraction of the speed of f32.
bool has_bf16_products() {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  static const bool has = (__builtin_cpu_init(), __builtin_cpu_supports("avx512bf16") != 0);
  return has;
#else
  return true;
#endif
}

at::Tensor widened(const at::Tensor& x) {
  return x.to(at::kFloat);
}

// bf16 in and out, products and sums in f32.
struct WideLinear : Function<WideLinear> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& input, const at::Tensor& weight) {
    const at::Tensor x = input.reshape({-1, input.size(-1)});
    const at::Tensor w = weight.detach().to(at::kBFloat16);
    std::vector<std::int64_t> shape = input.sizes().vec();
    shape.back() = w.size(0);
    const at::Tensor y = at::mm(widened(x), widened(w).t()).to(at::kBFloat16).view(shape);
    if (ctx != nullptr) {
      ctx->save_for_backward({x, w});
      ctx->saved_data["shape"] = input.sizes().vec();
      ctx->saved_data["type"] = weight.scalar_type();
    }
    return y;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor g = widened(grads[0].reshape({-1, grads[0].size(-1)}));
    variable_list out(2);
    if (ctx->needs_input_grad(0))
      out[0] = at::mm(g, widened(saved[1])).to(at::kBFloat16).view(ctx->saved_data["shape"].toIntVector());
    if (ctx->needs_input_grad(1))
      out[1] = at::mm(g.t(), widened(saved[0])).to(at::kBFloat16).to(ctx->saved_data["type"].toScalarType());
    return out;
  }
};

}  // namespace

at::Tensor fused_linear(const at::Tensor& x, const at::Tensor& w) {
  if (!fusable({x}) || x.scalar_type() != at::kBFloat16 || !w.device().is_cpu() || has_bf16_products())
    return plain_ops().linear(x, w);
  TORCH_CHECK(w.dim() == 2 && w.size(1) == x.size(-1), "linear: input of shape ", x.sizes(),
              " does not go with a weight of shape ", w.sizes());
  return wants_grad({x, w}) ? WideLinear::apply(x, w) : WideLinear::forward(nullptr, x, w);
}

}  // namespace pg::model

#include <vector>

#include "reference/model/fused_common.h"

namespace pg::model {
namespace {

// The forward pass leaves the gradient in z's memory; the backward pass multiplies it by that of each row's loss.
struct SoftcapNll : Function<SoftcapNll> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& scores, const at::Tensor& targets, double cap) {
    const at::Tensor z = scores.detach().contiguous();
    const std::int64_t rows = z.size(0), n = z.size(1);
    at::Tensor nll = at::empty({rows}, at::kFloat);
    with_type(z, [&]<class T>(T) {
      over_rows(rows, 8 * n, [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> scratch(static_cast<std::size_t>(2 * n));
        row_kernels<T>().softcap_nll(pointer<T>(z) + begin * n, pointer<std::int64_t>(targets) + begin,
                                     pointer<float>(nll) + begin, scratch.data(), end - begin, n, float(cap),
                                     ctx != nullptr);
      });
    });
    if (ctx != nullptr) {
      ctx->save_for_backward({z});
      ctx->saved_data["taken"] = false;
    }
    return nll;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    TORCH_CHECK(!ctx->saved_data["taken"].toBool(), "softcap_nll: its gradient can be taken once");
    ctx->saved_data["taken"] = true;
    const at::Tensor z = ctx->get_saved_variables()[0], g = grads[0].to(at::kFloat).contiguous();
    const std::int64_t rows = z.size(0), n = z.size(1);
    with_type(z, [&]<class T>(T) {
      over_rows(rows, n, [&](std::int64_t begin, std::int64_t end) {
        row_kernels<T>().scale_rows(pointer<T>(z) + begin * n, pointer<float>(g) + begin, end - begin, n);
      });
    });
    return {z, {}, {}};
  }
};

}  // namespace

at::Tensor fused_softcap_nll(const at::Tensor& z, const at::Tensor& targets, double cap) {
  if (!fusable({z})) return plain_ops().softcap_nll(z, targets, cap);
  TORCH_CHECK(z.dim() == 2 && targets.dim() == 1 && targets.size(0) == z.size(0) &&
                  targets.scalar_type() == at::kLong && targets.device().is_cpu(),
              "softcap_nll: scores of shape ", z.sizes(), " need one int64 target a row, not ", targets.sizes());
  const at::Tensor classes = targets.contiguous();
  const std::int64_t* const target = pointer<std::int64_t>(classes);
  for (std::int64_t i = 0; i < z.size(0); ++i)
    TORCH_CHECK(target[i] >= 0 && target[i] < z.size(1), "softcap_nll: target ", target[i], " of position ", i,
                " is outside the vocabulary of ", z.size(1));
  return wants_grad({z}) ? SoftcapNll::apply(z, classes, cap) : SoftcapNll::forward(nullptr, z, classes, cap);
}

}  // namespace pg::model

#include "reference/model/fused_common.h"

// A sum on the residual stream together with its norm.

namespace pg::model {
namespace {

struct Norms {  // what both forward passes make
  at::Tensor sum, normed, r;
  std::int64_t n, rows;
  explicit Norms(const at::Tensor& x)
      : sum(at::empty_like(x)), normed(at::empty_like(x)), n(x.size(-1)), rows(x.numel() / x.size(-1)) {
    r = at::empty({rows}, at::kFloat);
  }
};

struct ResidualMixNorm : Function<ResidualMixNorm> {
  static variable_list forward(AutogradContext* ctx, const at::Tensor& stream, const at::Tensor& start,
                               const at::Tensor& parameter, double eps, double factor) {
    const at::Tensor x = stream.contiguous(), x0 = start.contiguous(), mix = rounded(parameter, x.scalar_type());
    const Norms to(x);
    const std::int64_t n = to.n;
    with_type(x, [&]<class T>(T) {
      over_rows(to.rows, n, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t at = begin * n;
        row_kernels<T>().residual_mix_norm(pointer<T>(x) + at, pointer<T>(x0) + at, pointer<float>(mix),
                                           pointer<T>(to.sum) + at, pointer<T>(to.normed) + at,
                                           pointer<float>(to.r) + begin, end - begin, n, float(eps), float(factor));
      });
    });
    if (ctx != nullptr) {
      ctx->save_for_backward({x, x0, to.sum, mix, to.r});
      ctx->saved_data["type"] = parameter.scalar_type();
      ctx->saved_data["factor"] = factor;
    }
    return {to.sum, to.normed};
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &x0 = saved[1], &sum = saved[2], &mix = saved[3], &r = saved[4];
    const at::Tensor gsum = grads[0].contiguous(), gnormed = grads[1].contiguous();
    const at::Tensor dx = at::empty_like(x), dx0 = at::empty_like(x);
    const std::int64_t n = x.size(-1), rows = x.numel() / n;
    const float factor = float(ctx->saved_data["factor"].toDouble());
    at::Tensor dmix;
    with_type(x, [&]<class T>(T) {
      dmix = summed_over_blocks(rows, 2 * n, n, [&](std::int64_t first, std::int64_t count, float* sums) {
        const std::int64_t at = first * n;
        row_kernels<T>().residual_mix_norm_grad(pointer<T>(gsum) + at, pointer<T>(gnormed) + at, pointer<T>(x) + at,
                                                pointer<T>(x0) + at, pointer<T>(sum) + at, pointer<float>(mix),
                                                pointer<float>(r) + first, pointer<T>(dx) + at, pointer<T>(dx0) + at,
                                                sums, count, n, factor);
      });
    });
    return {dx, dx0, dmix.view({2, n}).to(ctx->saved_data["type"].toScalarType()), {}, {}};
  }
};

struct AddScaledNorm : Function<AddScaledNorm> {
  static variable_list forward(AutogradContext* ctx, const at::Tensor& stream, const at::Tensor& branch,
                               const at::Tensor& parameter, double eps, double factor) {
    const at::Tensor x = stream.contiguous(), y = branch.contiguous(), scale = rounded(parameter, x.scalar_type());
    const Norms to(x);
    const std::int64_t n = to.n;
    with_type(x, [&]<class T>(T) {
      over_rows(to.rows, n, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t at = begin * n;
        row_kernels<T>().add_scaled_norm(pointer<T>(x) + at, pointer<T>(y) + at, pointer<float>(scale),
                                         pointer<T>(to.sum) + at, pointer<T>(to.normed) + at,
                                         pointer<float>(to.r) + begin, end - begin, n, float(eps), float(factor));
      });
    });
    if (ctx != nullptr) {
      ctx->save_for_backward({y, to.sum, scale, to.r});
      ctx->saved_data["type"] = parameter.scalar_type();
      ctx->saved_data["factor"] = factor;
    }
    return {to.sum, to.normed};
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &y = saved[0], &sum = saved[1], &scale = saved[2], &r = saved[3];
    const at::Tensor gsum = grads[0].contiguous(), gnormed = grads[1].contiguous();
    const at::Tensor dx = at::empty_like(y), dy = at::empty_like(y);
    const std::int64_t n = y.size(-1), rows = y.numel() / n;
    const float factor = float(ctx->saved_data["factor"].toDouble());
    at::Tensor dscale;
    with_type(y, [&]<class T>(T) {
      dscale = summed_over_blocks(rows, n, n, [&](std::int64_t first, std::int64_t count, float* sums) {
        const std::int64_t at = first * n;
        row_kernels<T>().add_scaled_norm_grad(pointer<T>(gsum) + at, pointer<T>(gnormed) + at, pointer<T>(y) + at,
                                              pointer<T>(sum) + at, pointer<float>(scale), pointer<float>(r) + first,
                                              pointer<T>(dx) + at, pointer<T>(dy) + at, sums, count, n, factor);
      });
    });
    return {dx, dy, dscale.to(ctx->saved_data["type"].toScalarType()), {}, {}};
  }
};

std::pair<at::Tensor, at::Tensor> pair_of(const variable_list& both) {
  return {both[0], both[1]};
}

}  // namespace

std::pair<at::Tensor, at::Tensor> fused_residual_mix_norm(const at::Tensor& x, const at::Tensor& x0,
                                                          const at::Tensor& mix, double eps, double factor) {
  if (!fusable({x, x0})) return plain_ops().residual_mix_norm(x, x0, mix, eps, factor);
  TORCH_CHECK(mix.dim() == 2 && mix.size(0) == 2, "residual_mix_norm: two factors per channel are needed");
  check_channels("residual_mix_norm", x, x0, mix.size(1));
  return pair_of(wants_grad({x, x0, mix}) ? ResidualMixNorm::apply(x, x0, mix, eps, factor)
                                          : ResidualMixNorm::forward(nullptr, x, x0, mix, eps, factor));
}

std::pair<at::Tensor, at::Tensor> fused_add_scaled_norm(const at::Tensor& x, const at::Tensor& y,
                                                        const at::Tensor& scale, double eps, double factor) {
  if (!fusable({x, y})) return plain_ops().add_scaled_norm(x, y, scale, eps, factor);
  check_channels("add_scaled_norm", x, y, scale.numel());
  return pair_of(wants_grad({x, y, scale}) ? AddScaledNorm::apply(x, y, scale, eps, factor)
                                           : AddScaledNorm::forward(nullptr, x, y, scale, eps, factor));
}

}  // namespace pg::model

#include "reference/model/fused_common.h"

namespace pg::model {
namespace {

struct RmsNorm : Function<RmsNorm> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& input, double eps, double scale) {
    const at::Tensor x = input.contiguous();
    const std::int64_t n = x.size(-1), rows = x.numel() / n;
    at::Tensor y = at::empty_like(x);
    const at::Tensor r = at::empty({rows}, at::kFloat);
    with_type(x, [&]<class T>(T) {
      over_rows(rows, n, [&](std::int64_t begin, std::int64_t end) {
        row_kernels<T>().rms_norm(pointer<T>(x) + begin * n, pointer<T>(y) + begin * n, pointer<float>(r) + begin,
                                  end - begin, n, float(eps), float(scale));
      });
    });
    if (ctx != nullptr) {
      ctx->save_for_backward({x, r});
      ctx->saved_data["scale"] = scale;
    }
    return y;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &r = saved[1], g = grads[0].contiguous();
    const std::int64_t n = x.size(-1), rows = x.numel() / n;
    const float scale = float(ctx->saved_data["scale"].toDouble());
    const at::Tensor dx = at::empty_like(x);
    with_type(x, [&]<class T>(T) {
      over_rows(rows, n, [&](std::int64_t begin, std::int64_t end) {
        row_kernels<T>().rms_norm_grad(pointer<T>(g) + begin * n, pointer<T>(x) + begin * n, pointer<float>(r) + begin,
                                       pointer<T>(dx) + begin * n, end - begin, n, scale);
      });
    });
    return {dx, {}, {}};
  }
};

struct NormRopeGain : Function<NormRopeGain> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& input, const at::Tensor& cosines,
                            const at::Tensor& sines, const std::optional<at::Tensor>& gain, double eps) {
    const at::Tensor x = input.contiguous();
    const at::Tensor cos = cosines.to(x.scalar_type()).contiguous(), sin = sines.to(x.scalar_type()).contiguous();
    const at::Tensor factor = gain ? rounded(*gain, x.scalar_type()) : at::Tensor();
    const std::int64_t heads = x.size(2), width = x.size(3), rows = x.size(0) * x.size(1);
    at::Tensor y = at::empty_like(x);
    const at::Tensor r = at::empty({rows, heads}, at::kFloat);
    with_type(x, [&]<class T>(T) {
      over_rows(rows, heads * width, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t at = begin * heads * width;
        row_kernels<T>().norm_rope_gain(pointer<T>(x) + at, pointer<T>(cos), pointer<T>(sin),
                                        gain ? pointer<float>(factor) : nullptr, pointer<T>(y) + at,
                                        pointer<float>(r) + begin * heads, begin, end - begin, x.size(1), heads, width,
                                        cos.size(1), float(eps));
      });
    });
    if (ctx != nullptr) {
      ctx->save_for_backward({x, cos, sin, r, factor});
      if (gain) ctx->saved_data["gain_type"] = gain->scalar_type();
    }
    return y;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &cos = saved[1], &sin = saved[2], &r = saved[3], &factor = saved[4];
    const at::Tensor g = grads[0].contiguous(), dx = at::empty_like(x);
    const std::int64_t heads = x.size(2), width = x.size(3), rows = x.size(0) * x.size(1);
    at::Tensor dgain;
    with_type(x, [&]<class T>(T) {
      dgain = summed_over_blocks(rows, heads, heads * width, [&](std::int64_t first, std::int64_t count, float* sums) {
        const std::int64_t at = first * heads * width;
        row_kernels<T>().norm_rope_gain_grad(pointer<T>(g) + at, pointer<T>(x) + at, pointer<T>(cos), pointer<T>(sin),
                                             factor.defined() ? pointer<float>(factor) : nullptr,
                                             pointer<float>(r) + first * heads, pointer<T>(dx) + at, sums, first, count,
                                             x.size(1), heads, width, cos.size(1));
      });
    });
    if (!factor.defined()) return {dx, {}, {}, {}, {}};
    return {dx, {}, {}, dgain.to(ctx->saved_data["gain_type"].toScalarType()), {}};
  }
};

struct ExcludeSelf : Function<ExcludeSelf> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& heads_out, const at::Tensor& values) {
    const at::Tensor y = heads_out.contiguous(), v = values.contiguous();
    const std::int64_t heads = y.size(2), kv_heads = v.size(2), width = y.size(3), rows = y.size(0) * y.size(1);
    at::Tensor out = at::empty_like(y);
    with_type(y, [&]<class T>(T) {
      over_rows(rows, heads * width, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t at = begin * heads * width;
        row_kernels<T>().exclude_self(pointer<T>(y) + at, pointer<T>(v) + begin * kv_heads * width,
                                      pointer<T>(out) + at, end - begin, heads, kv_heads, width);
      });
    });
    if (ctx != nullptr) ctx->save_for_backward({y, v});
    return out;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &y = saved[0], &v = saved[1], g = grads[0].contiguous();
    const at::Tensor dy = at::empty_like(y), dv = at::empty_like(v);
    const std::int64_t heads = y.size(2), kv_heads = v.size(2), width = y.size(3), rows = y.size(0) * y.size(1);
    with_type(y, [&]<class T>(T) {
      over_rows(rows, heads * width, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t at = begin * heads * width, kv_at = begin * kv_heads * width;
        row_kernels<T>().exclude_self_grad(pointer<T>(g) + at, pointer<T>(y) + at, pointer<T>(v) + kv_at,
                                           pointer<T>(dy) + at, pointer<T>(dv) + kv_at, end - begin, heads, kv_heads,
                                           width);
      });
    });
    return {dy, dv};
  }
};

}  // namespace

at::Tensor fused_rms_norm(const at::Tensor& x, double eps, double scale) {
  if (!fusable({x})) return plain_ops().rms_norm(x, eps, scale);
  return wants_grad({x}) ? RmsNorm::apply(x, eps, scale) : RmsNorm::forward(nullptr, x, eps, scale);
}

at::Tensor fused_norm_rope_gain(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin,
                                const at::Tensor& gain, double eps) {
  if (!fusable({x})) return plain_ops().norm_rope_gain(x, cos, sin, gain, eps);
  TORCH_CHECK(x.dim() == 4 && cos.dim() == 2 && cos.size(0) == x.size(1) && cos.sizes() == sin.sizes() &&
                  2 * cos.size(1) <= x.size(3),
              "norm_rope_gain: x of shape ", x.sizes(), " does not go with angles of shape ", cos.sizes());
  TORCH_CHECK(!gain.defined() || gain.numel() == x.size(2), "norm_rope_gain: a gain per head is needed");
  const std::optional<at::Tensor> factor = gain.defined() ? std::optional(gain) : std::nullopt;
  return wants_grad({x, gain}) ? NormRopeGain::apply(x, cos, sin, factor, eps)
                               : NormRopeGain::forward(nullptr, x, cos, sin, factor, eps);
}

at::Tensor fused_exclude_self(const at::Tensor& y, const at::Tensor& v) {
  const bool few = y.dim() == 4 && v.dim() == 4 && y.size(2) <= kMaxGroup * v.size(2);
  if (!few || !fusable({y, v})) return plain_ops().exclude_self(y, v);
  TORCH_CHECK(y.size(0) == v.size(0) && y.size(1) == v.size(1) && y.size(3) == v.size(3) && y.size(2) % v.size(2) == 0,
              "exclude_self: outputs of shape ", y.sizes(), " do not go with values of shape ", v.sizes());
  return wants_grad({y, v}) ? ExcludeSelf::apply(y, v) : ExcludeSelf::forward(nullptr, y, v);
}

}  // namespace pg::model

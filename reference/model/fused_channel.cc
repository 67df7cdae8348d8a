#include <ATen/TensorOperators.h>
#include <ATen/ops/sigmoid.h>

#include "reference/model/fused_common.h"

namespace pg::model {
namespace {

struct LeakyReluSquared : Function<LeakyReluSquared> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& input, double slope) {
    const at::Tensor x = input.contiguous();
    at::Tensor y = at::empty_like(x);
    with_type(x, [&]<class T>(T) {
      over_rows(x.numel(), 1, [&](std::int64_t begin, std::int64_t end) {
        row_kernels<T>().leaky_relu_squared(pointer<T>(x) + begin, pointer<T>(y) + begin, end - begin, float(slope));
      });
    });
    if (ctx != nullptr) {
      ctx->save_for_backward({x});
      ctx->saved_data["slope"] = slope;
    }
    return y;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const at::Tensor x = ctx->get_saved_variables()[0], g = grads[0].contiguous(), dx = at::empty_like(x);
    const float slope = float(ctx->saved_data["slope"].toDouble());
    with_type(x, [&]<class T>(T) {
      over_rows(x.numel(), 1, [&](std::int64_t begin, std::int64_t end) {
        row_kernels<T>().leaky_relu_squared_grad(pointer<T>(g) + begin, pointer<T>(x) + begin, pointer<T>(dx) + begin,
                                                 end - begin, slope);
      });
    });
    return {dx, {}};
  }
};

struct AddScaled : Function<AddScaled> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& stream, const at::Tensor& branch,
                            const at::Tensor& parameter) {
    const at::Tensor x = stream.contiguous(), y = branch.contiguous(), scale = rounded(parameter, x.scalar_type());
    const std::int64_t n = x.size(-1), rows = x.numel() / n;
    at::Tensor out = at::empty_like(x);
    with_type(x, [&]<class T>(T) {
      over_rows(rows, n, [&](std::int64_t begin, std::int64_t end) {
        row_kernels<T>().add_scaled(pointer<T>(x) + begin * n, pointer<T>(y) + begin * n, pointer<float>(scale),
                                    pointer<T>(out) + begin * n, end - begin, n);
      });
    });
    if (ctx != nullptr) {
      ctx->save_for_backward({y, scale});
      ctx->saved_data["type"] = parameter.scalar_type();
    }
    return out;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &y = saved[0], &scale = saved[1], g = grads[0].contiguous(), dy = at::empty_like(y);
    const std::int64_t n = y.size(-1), rows = y.numel() / n;
    at::Tensor dscale;
    with_type(y, [&]<class T>(T) {
      dscale = summed_over_blocks(rows, n, n, [&](std::int64_t first, std::int64_t count, float* sums) {
        const std::int64_t at = first * n;
        row_kernels<T>().add_scaled_grad(pointer<T>(g) + at, pointer<T>(y) + at, pointer<float>(scale),
                                         pointer<T>(dy) + at, sums, count, n);
      });
    });
    return {grads[0], dy, dscale.to(ctx->saved_data["type"].toScalarType())};
  }
};

struct GatedSkip : Function<GatedSkip> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& stream, const at::Tensor& skipped,
                            const at::Tensor& parameter, const at::Tensor& gate) {
    const at::Tensor x = stream.contiguous(), skip = skipped.contiguous();
    const at::Tensor weight = rounded(parameter, x.scalar_type());
    const at::Tensor keep = rounded(at::sigmoid(gate.detach().to(x.scalar_type())), x.scalar_type());
    const std::int64_t n = x.size(-1), rows = x.numel() / n;
    at::Tensor out = at::empty_like(x);
    with_type(x, [&]<class T>(T) {
      over_rows(rows, n, [&](std::int64_t begin, std::int64_t end) {
        row_kernels<T>().gated_skip(pointer<T>(x) + begin * n, pointer<T>(skip) + begin * n, pointer<float>(weight),
                                    pointer<float>(keep), pointer<T>(out) + begin * n, end - begin, n);
      });
    });
    if (ctx != nullptr) {
      ctx->save_for_backward({x, skip, weight, keep});
      ctx->saved_data["weight_type"] = parameter.scalar_type();
      ctx->saved_data["gate_type"] = gate.scalar_type();
    }
    return out;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &skip = saved[1], &weight = saved[2], &keep = saved[3], g = grads[0].contiguous();
    const at::Tensor dx = at::empty_like(x), dskip = at::empty_like(x);
    const std::int64_t n = x.size(-1), rows = x.numel() / n;
    at::Tensor sums_of_both;
    with_type(x, [&]<class T>(T) {
      sums_of_both = summed_over_blocks(rows, 2 * n, n, [&](std::int64_t first, std::int64_t count, float* sums) {
        const std::int64_t at = first * n;
        row_kernels<T>().gated_skip_grad(pointer<T>(g) + at, pointer<T>(x) + at, pointer<T>(skip) + at,
                                         pointer<float>(weight), pointer<float>(keep), pointer<T>(dx) + at,
                                         pointer<T>(dskip) + at, sums, sums + n, count, n);
      });
    });
    const at::Tensor dgate = sums_of_both.narrow(0, n, n) * (keep * (1 - keep));
    return {dx, dskip, sums_of_both.narrow(0, 0, n).to(ctx->saved_data["weight_type"].toScalarType()),
            dgate.to(ctx->saved_data["gate_type"].toScalarType())};
  }
};

}  // namespace

at::Tensor fused_leaky_relu_squared(const at::Tensor& x, double slope) {
  if (!fusable({x})) return plain_ops().leaky_relu_squared(x, slope);
  return wants_grad({x}) ? LeakyReluSquared::apply(x, slope) : LeakyReluSquared::forward(nullptr, x, slope);
}

at::Tensor fused_add_scaled(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale) {
  if (!fusable({x, y})) return plain_ops().add_scaled(x, y, scale);
  check_channels("add_scaled", x, y, scale.numel());
  return wants_grad({x, y, scale}) ? AddScaled::apply(x, y, scale) : AddScaled::forward(nullptr, x, y, scale);
}

at::Tensor fused_gated_skip(const at::Tensor& x, const at::Tensor& skip, const at::Tensor& weight,
                            const at::Tensor& gate) {
  if (!fusable({x, skip})) return plain_ops().gated_skip(x, skip, weight, gate);
  check_channels("gated_skip", x, skip, weight.numel());
  check_channels("gated_skip", x, skip, gate.numel());
  return wants_grad({x, skip, weight, gate}) ? GatedSkip::apply(x, skip, weight, gate)
                                             : GatedSkip::forward(nullptr, x, skip, weight, gate);
}

}  // namespace pg::model

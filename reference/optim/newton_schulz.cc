#include "reference/optim/newton_schulz.h"

#include <ATen/ops/add.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/div.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mul.h>

#include <cassert>

namespace pg::optim {
namespace {

constexpr double kEps = 1e-7;  // of both norms, in the originals

constexpr Coefficients kNs5 = {3.4445, -4.7750, 2.0315};

// arXiv 2505.16932 with its safety factor of 1.02, as modded-nanogpt uses it (optim.md 1.6).
constexpr std::array<Coefficients, 5> kPolarExpress = {{
    {8.156554524902461, -22.48329292557795, 15.878769915207462},
    {4.042929935166739, -2.808917465908714, 0.5000178451051316},
    {3.8916678022926607, -2.772484153217685, 0.5060648178503393},
    {3.285753657755655, -2.3681294933425376, 0.46449024233003106},
    {2.3465413258596377, -1.7097828382687081, 0.42323551169305323},
}};

// In bf16 on the CPU: what the originals' line of Python rounds, this rounds, one matrix at a time, because products of
// a batch are summed in another order. x: [rows, cols], no more rows than columns.
at::Tensor iterate_as_written(const at::Tensor& x, const Coefficients& k) {
  const at::Tensor a = at::mm(x, x.t());
  const at::Tensor b = at::add(at::mul(a, k[1]), at::mm(at::mul(a, k[2]), a));
  return at::add(at::mul(x, k[0]), at::mm(b, x));
}

at::Tensor iterate(const at::Tensor& x, const Coefficients& k, bool left) {
  const at::Tensor xt = x.transpose(1, 2);
  const at::Tensor a = left ? at::bmm(x, xt) : at::bmm(xt, x);
  const at::Tensor b = at::baddbmm(a, a, a, k[1], k[2]);
  return left ? at::baddbmm(x, b, x, k[0], 1) : at::baddbmm(x, x, b, k[0], 1);
}

}  // namespace

std::vector<Coefficients> coefficients(Orthogonalizer form, int steps) {
  if (form == Orthogonalizer::kNs5) return std::vector<Coefficients>(static_cast<std::size_t>(steps), kNs5);
  assert(steps <= static_cast<int>(kPolarExpress.size()));
  return {kPolarExpress.begin(), kPolarExpress.begin() + steps};
}

at::Tensor orthogonalize(const at::Tensor& g, const Orthogonalization& how) {
  at::Tensor x = g;
  if (how.row_normalize) {
    const at::Tensor norms = at::linalg_vector_norm(x, 2, {-1}, true, at::kFloat).clamp_min_(kEps);
    x = at::div(x, norms.to(x.scalar_type()));
  }
  x = x.to(how.bf16 ? at::kBFloat16 : at::kFloat);
  x = at::div(x, at::linalg_vector_norm(x, 2, {1, 2}, true).add_(kEps));
  const bool left = x.size(1) <= x.size(2);  // work on the smaller Gram matrix
  if (!how.bf16 || !x.is_cpu()) {
    for (const Coefficients& k : coefficients(how.form, how.steps)) x = iterate(x, k, left);
    return x;
  }
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    at::Tensor one = left ? x.select(0, i) : x.select(0, i).t();
    for (const Coefficients& k : coefficients(how.form, how.steps)) one = iterate_as_written(one, k);
    x.select(0, i).copy_(left ? one : one.t());
  }
  return x;
}

}  // namespace pg::optim

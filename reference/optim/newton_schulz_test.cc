#include "reference/optim/newton_schulz.h"

#include <ATen/ops/diag.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/logspace.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "reference/optim/draw.h"

namespace pg::optim {
namespace {

at::Tensor one(const at::Tensor& g, const Orthogonalization& how) {
  return orthogonalize(g.unsqueeze(0), how).squeeze(0).to(at::kDouble);
}

at::Tensor truth(const at::Tensor& g, const Orthogonalization& how) {
  const at::Tensor d = g.to(at::kDouble).contiguous();
  const double* p = d.const_data_ptr<double>();
  const auto out = orthogonalize_ref({p, p + d.numel()}, static_cast<std::size_t>(d.size(0)),
                                     static_cast<std::size_t>(d.size(1)), how);
  at::Tensor result = at::zeros(d.sizes(), at::kDouble);
  std::copy(out.begin(), out.end(), result.mutable_data_ptr<double>());
  return result;
}

double largest(const at::Tensor& t) {
  return t.abs().max().item<double>();
}

at::Tensor rotation(int n, std::uint64_t seed) {
  return std::get<0>(at::linalg_qr(Draw(seed).tensor({n, n})));
}

// A matrix whose singular values are 1 ... lowest, log-spaced, and that has Frobenius norm 1 up to the first ones' sum.
at::Tensor with_spectrum(int n, double lowest) {
  const at::Tensor s = at::logspace(0, std::log10(lowest), n, 10.0, at::kFloat);
  return rotation(n, 1).mm(at::diag(s)).mm(rotation(n, 2));
}

TEST(NewtonSchulz, F32AgreesWithPlainLoopsInDouble) {
  for (const Orthogonalizer form : {Orthogonalizer::kNs5, Orthogonalizer::kPolarExpress})
    for (const bool rows : {false, true})
      for (const auto& [r, c] : {std::pair{32, 32}, {48, 16}, {16, 80}}) {
        const Orthogonalization how{form, 5, rows, false};
        const at::Tensor g = Draw(static_cast<std::uint64_t>(r + c)).tensor({r, c}, 0.01F);
        EXPECT_LT(largest(one(g, how) - truth(g, how)), 2e-5) << r << "x" << c;
      }
}

TEST(NewtonSchulz, Bf16StaysWithinItsRoundingOfTheTruth) {
  const Orthogonalization how{Orthogonalizer::kNs5, 5, false, true};
  const at::Tensor g = Draw(5).tensor({64, 64});
  const at::Tensor error = one(g, how) - truth(g, how);
  EXPECT_LT(largest(error), 0.06);
  EXPECT_GT(largest(error), 1e-5) << "was it bf16 at all?";
}

// optim.md 1.1: where singular values end that started in [lowest, 1], from iterating the scalar polynomial.
TEST(NewtonSchulz, SingularValuesEndInTheStatedBands) {
  struct Band {
    double lowest, from, to;
  };
  for (const Band& band : {Band{0.01, 0.6818, 1.1344}, {0.003, 0.6818, 1.2024}, {0.001, 0.4705, 1.2024}}) {
    // Start values after normalisation: divide by the norm, so ask for that much more.
    at::Tensor g = with_spectrum(24, band.lowest);
    const double norm = g.norm().item<double>();
    g = with_spectrum(24, band.lowest * norm);
    const at::Tensor s = at::linalg_svdvals(truth(g, {Orthogonalizer::kNs5, 5, false, false}));
    EXPECT_GE(s.min().item<double>(), band.from - 2e-3) << band.lowest;
    EXPECT_LE(s.max().item<double>(), band.to + 2e-3) << band.lowest;
    const at::Tensor fast = at::linalg_svdvals(one(g, {Orthogonalizer::kNs5, 5, false, false}));
    EXPECT_LT(largest(fast - s), 1e-3);
  }
}

TEST(NewtonSchulz, PolarExpressIsTighterAndItsListIsMadeForFiveSteps) {
  const at::Tensor g = with_spectrum(24, 0.002);
  const at::Tensor five = at::linalg_svdvals(one(g, {Orthogonalizer::kPolarExpress, 5, false, false}));
  EXPECT_GE(five.min().item<double>(), 0.859 - 1e-3);
  EXPECT_LE(five.max().item<double>(), 1.141 + 1e-3);
  const at::Tensor four = at::linalg_svdvals(one(g, {Orthogonalizer::kPolarExpress, 4, false, false}));
  EXPECT_GE(four.min().item<double>(), 0.424 - 1e-3);
  EXPECT_LE(four.max().item<double>(), 1.576 + 1e-3);
  EXPECT_GT(largest(four - 1), largest(five - 1));
}

TEST(NewtonSchulz, ZeroStaysZero) {
  for (const bool bf16 : {false, true}) {
    const Orthogonalization how{Orthogonalizer::kNs5, 5, true, bf16};
    EXPECT_EQ(largest(one(at::zeros({8, 12}), how)), 0);
  }
}

TEST(NewtonSchulz, TurnsWithItsInput) {
  const Orthogonalization how{Orthogonalizer::kNs5, 5, false, false};
  const at::Tensor g = Draw(3).tensor({20, 32}), u = rotation(20, 8), v = rotation(32, 9);
  const at::Tensor turned = one(u.mm(g).mm(v), how);
  EXPECT_LT(largest(turned - u.to(at::kDouble).mm(one(g, how)).mm(v.to(at::kDouble))), 1e-4);
  EXPECT_LT(largest(one(-g, how) + one(g, how)), 1e-6);
}

TEST(NewtonSchulz, ABankIsItsMatricesOneByOne) {
  for (const bool bf16 : {false, true}) {
    const Orthogonalization how{Orthogonalizer::kNs5, 5, true, bf16};
    Draw draw(4);
    std::vector<at::Tensor> matrices;
    for (int i = 0; i < 5; ++i) matrices.push_back(draw.tensor({24, 16}));
    const at::Tensor bank = orthogonalize(at::stack(matrices), how);
    for (int i = 0; i < 5; ++i)
      EXPECT_LT(largest(bank.select(0, i).to(at::kDouble) - one(matrices[static_cast<std::size_t>(i)], how)),
                bf16 ? 0.02 : 1e-6);
  }
}

}  // namespace
}  // namespace pg::optim

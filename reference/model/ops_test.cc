#include "reference/model/ops.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace pg::model {
namespace {

using Call = std::function<at::Tensor(const Ops&, const std::vector<at::Tensor>&)>;

constexpr double kEps = 1.1920929e-7;

// Numbers that look random and depend on nothing but the seed.
at::Tensor noise(std::vector<std::int64_t> shape, double seed, at::ScalarType type = at::kFloat) {
  std::int64_t n = 1;
  for (const std::int64_t size : shape) n *= size;
  const at::Tensor i = at::arange(n, at::kDouble);
  return (at::sin(i * (1.7 + 0.31 * seed) + seed) + at::sin(i * i * (0.013 + 0.0007 * seed))).view(shape).to(type);
}

at::Tensor angles(std::int64_t length, std::int64_t half, bool cosine) {
  const at::Tensor a = at::arange(length, at::kFloat).unsqueeze(1) * (1.0 / (1.0 + at::arange(half, at::kFloat)));
  return cosine ? a.cos() : a.sin();
}

struct Outcome {
  at::Tensor value;
  std::vector<at::Tensor> grads;  // of the inputs that are floating
};

Outcome run(const Ops& ops, const Call& call, const std::vector<at::Tensor>& inputs) {
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& x : inputs)
    leaves.push_back(x.is_floating_point() ? x.detach().clone().requires_grad_(true) : x);
  std::vector<at::Tensor> arguments;
  for (const at::Tensor& x : leaves) arguments.push_back(x.is_floating_point() ? x * 1 : x);  // may be overwritten
  const at::Tensor value = call(ops, arguments);
  const at::Tensor weight = noise(value.sizes().vec(), 9.5, value.scalar_type());
  (value * weight).sum().backward();
  Outcome out{value.detach(), {}};
  for (const at::Tensor& x : leaves)
    if (x.is_floating_point()) out.grads.push_back(x.grad());
  return out;
}

// Largest difference, in units of the largest magnitude of the reference (of 0.3 where it is smaller: a gradient may
// vanish).
double distance(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  EXPECT_EQ(a.scalar_type(), b.scalar_type());
  const at::Tensor reference = b.to(at::kDouble);
  const double size = reference.abs().max().item<double>();
  return (a.to(at::kDouble) - reference).abs().max().item<double>() / std::max(size, 0.3);
}

// Fused against plain, in f32 both against the plain table in f64: the fused one may err by `ulps` units of the
// type's last place in the largest entry, for values and gradients.
void expect_agreement(const Call& call, std::vector<at::Tensor> inputs, const std::string& what, double ulps = 8) {
  const Outcome exact = [&] {
    std::vector<at::Tensor> doubles;
    for (const at::Tensor& x : inputs) doubles.push_back(x.is_floating_point() ? x.to(at::kDouble) : x);
    return run(plain_ops(), call, doubles);
  }();
  const Outcome fused = run(fused_ops(), call, inputs);
  const double unit =
      inputs[0].scalar_type() == at::kBFloat16 ? std::ldexp(1.0, -8) : std::numeric_limits<float>::epsilon();
  EXPECT_LE(distance(fused.value, exact.value.to(fused.value.scalar_type())), ulps * unit) << what << ": value";
  ASSERT_EQ(fused.grads.size(), exact.grads.size());
  for (std::size_t i = 0; i < fused.grads.size(); ++i) {
    ASSERT_TRUE(fused.grads[i].defined()) << what << ": gradient " << i;
    EXPECT_EQ(fused.grads[i].scalar_type(), inputs[i].scalar_type());
    EXPECT_LE(distance(fused.grads[i], exact.grads[i].to(fused.grads[i].scalar_type())), ulps * unit)
        << what << ": gradient " << i;
  }
}

// Both results carry a gradient.
at::Tensor joined(const std::pair<at::Tensor, at::Tensor>& both) {
  return both.first * 0.5 + both.second;
}
at::Tensor mixed(const Ops& ops, const at::Tensor& x, const at::Tensor& x0, const at::Tensor& mix) {
  return joined(ops.residual_mix_norm(x, x0, mix, kEps, 0.7));
}

class OpsOfType : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  at::Tensor make(std::vector<std::int64_t> shape, double seed) { return noise(std::move(shape), seed, GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Types, OpsOfType, ::testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& of) { return of.param == at::kFloat ? "f32" : "bf16"; });

TEST_P(OpsOfType, RmsNormAgrees) {
  for (const std::int64_t n : {2, 7, 32, 128, 513})
    expect_agreement([](const Ops& ops, const auto& x) { return ops.rms_norm(x[0], kEps, 0.577); },
                     {make({3, 5, n}, 1)}, "n " + std::to_string(n));
}

TEST_P(OpsOfType, NormRopeGainAgrees) {
  struct {
    std::int64_t batch, length, heads, width, half;
  } const cases[] = {{2, 5, 4, 32, 16}, {1, 1, 2, 64, 32}, {2, 9, 3, 64, 8}, {1, 4, 1, 6, 3}, {2, 3, 2, 20, 5}};
  for (const auto& c : cases)
    for (const bool gain : {true, false}) {
      const at::Tensor cos = angles(c.length, c.half, true), sin = angles(c.length, c.half, false);
      std::vector<at::Tensor> inputs{make({c.batch, c.length, c.heads, c.width}, 2)};
      if (gain) inputs.push_back(noise({c.heads}, 3));
      expect_agreement(
          [&](const Ops& ops, const auto& x) {
            return ops.norm_rope_gain(x[0], cos.to(GetParam()), sin.to(GetParam()), gain ? x[1] : at::Tensor(), kEps);
          },
          inputs, "width " + std::to_string(c.width) + " half " + std::to_string(c.half));
    }
}

TEST_P(OpsOfType, CausalAttentionAgrees) {
  struct {
    std::int64_t batch, length, heads, kv_heads, width;
  } const cases[] = {{2, 1, 4, 2, 32},  {1, 2, 1, 1, 64},   {2, 47, 4, 2, 32}, {1, 48, 8, 4, 64},
                     {1, 49, 4, 1, 32}, {2, 113, 2, 2, 10}, {1, 513, 4, 2, 64}};
  for (const auto& c : cases)
    expect_agreement([](const Ops& ops, const auto& x) { return ops.causal_attention(x[0], x[1], x[2]); },
                     {make({c.batch, c.length, c.heads, c.width}, 1), make({c.batch, c.length, c.kv_heads, c.width}, 2),
                      make({c.batch, c.length, c.kv_heads, c.width}, 3)},
                     "length " + std::to_string(c.length) + " heads " + std::to_string(c.heads), 16);
}

TEST_P(OpsOfType, ExcludeSelfAgrees) {
  for (const std::int64_t group : {1, 2, 4})
    for (const std::int64_t width : {6, 32, 64})
      expect_agreement([](const Ops& ops, const auto& x) { return ops.exclude_self(x[0], x[1]); },
                       {make({2, 5, 2 * group, width}, 1), make({2, 5, 2, width}, 2)},
                       "group " + std::to_string(group) + " width " + std::to_string(width), 16);
}

TEST_P(OpsOfType, LeakyReluSquaredAgrees) {
  for (const double slope : {0.0, 0.5})
    expect_agreement([&](const Ops& ops, const auto& x) { return ops.leaky_relu_squared(x[0], slope); },
                     {make({3, 5, 17}, 1)}, "slope " + std::to_string(slope));
}

TEST_P(OpsOfType, AddScaledAgrees) {
  for (const std::int64_t n : {5, 128})
    expect_agreement([](const Ops& ops, const auto& x) { return ops.add_scaled(x[0], x[1], x[2]); },
                     {make({2, 70, n}, 1), make({2, 70, n}, 2), make({n}, 3)}, std::to_string(n), 16);
}

TEST_P(OpsOfType, SumsWithTheirNormsAgree) {
  for (const std::int64_t n : {5, 128}) {
    expect_agreement([](const Ops& ops, const auto& x) { return mixed(ops, x[0], x[1], x[2]); },
                     {make({2, 70, n}, 1), make({2, 70, n}, 2), make({2, n}, 3)}, "mix " + std::to_string(n), 32);
    expect_agreement(
        [](const Ops& ops, const auto& x) { return joined(ops.add_scaled_norm(x[0], x[1], x[2], kEps, 0.7)); },
        {make({2, 70, n}, 1), make({2, 70, n}, 2), make({n}, 3)}, "add " + std::to_string(n), 32);
  }
}

TEST(Ops, ASumThatOnlyItsNormReadsHasTheNormsGradient) {
  expect_agreement([](const Ops& ops, const auto& x) { return ops.add_scaled_norm(x[0], x[1], x[2], kEps, 1).second; },
                   {noise({2, 3, 8}, 1), noise({2, 3, 8}, 2), noise({8}, 3)}, "add_scaled_norm");
}

TEST_P(OpsOfType, LinearAgrees) {
  expect_agreement([](const Ops& ops, const auto& x) { return ops.linear(x[0], x[1]); },
                   {make({2, 5, 33}, 1), make({17, 33}, 2)}, "linear");
}

TEST_P(OpsOfType, GatedSkipAgrees) {
  for (const std::int64_t n : {5, 128})
    expect_agreement([](const Ops& ops, const auto& x) { return ops.gated_skip(x[0], x[1], x[2], x[3]); },
                     {make({2, 70, n}, 1), make({2, 70, n}, 2), make({n}, 3), make({n}, 4)}, std::to_string(n), 16);
}

TEST_P(OpsOfType, SoftcapNllAgrees) {
  for (const std::int64_t vocab : {2, 7, 64, 1000})
    for (const double cap : {15.0, 30.0, 100.0}) {
      const at::Tensor targets = at::arange(70, at::kLong) * 13 % vocab;
      expect_agreement([&](const Ops& ops, const auto& x) { return ops.softcap_nll(x[0], targets, cap); },
                       {make({70, vocab}, 1) * 20}, "V " + std::to_string(vocab) + " cap " + std::to_string(cap), 16);
    }
}

TEST(Ops, ParametersInF32BesideBf16ActivationsGetF32Gradients) {
  const at::Tensor x = noise({2, 3, 8}, 1, at::kBFloat16), y = noise({2, 3, 8}, 2, at::kBFloat16);
  expect_agreement([](const Ops& ops, const auto& in) { return ops.add_scaled(in[0], in[1], in[2].to(at::kFloat)); },
                   {x, y, at::ones_like(x.select(0, 0).select(0, 0)).to(at::kFloat) * 0.5}, "add_scaled");
  expect_agreement([](const Ops& ops, const auto& in) { return mixed(ops, in[0], in[1], in[2].to(at::kFloat)); },
                   {x, y, at::full({2, 8}, 0.25, at::kFloat)}, "residual_mix_norm");
  expect_agreement([](const Ops& ops, const auto& in) { return ops.linear(in[0], in[1].to(at::kFloat)); },
                   {x, noise({5, 8}, 3)}, "linear");
}

TEST(Ops, InputsNeedNotBeContiguous) {
  const at::Tensor wide = noise({2, 30, 8, 16}, 1);
  const auto part = [&](std::int64_t first, std::int64_t count) { return wide.narrow(2, first, count); };
  const at::Tensor strided = fused_ops().causal_attention(part(0, 4), part(4, 2), part(6, 2));
  const at::Tensor dense =
      fused_ops().causal_attention(part(0, 4).contiguous(), part(4, 2).contiguous(), part(6, 2).contiguous());
  EXPECT_TRUE(strided.equal(dense));
  EXPECT_TRUE(fused_ops().rms_norm(part(0, 4), kEps, 1).equal(fused_ops().rms_norm(part(0, 4).contiguous(), kEps, 1)));
}

// Sums run in an order that depends on the shape alone.
TEST(Ops, GradientsAreTheSameBitsWhateverTheThreads) {
  const std::vector<Call> calls{
      [](const Ops& ops, const auto& x) { return ops.add_scaled(x[0], x[1], x[2].select(0, 0)); },
      [](const Ops& ops, const auto& x) { return mixed(ops, x[0], x[1], x[2]); },
      [](const Ops& ops, const auto& x) { return ops.gated_skip(x[0], x[1], x[2].select(0, 0), x[2].select(0, 1)); },
      [](const Ops& ops, const auto& x) {
        const auto heads = [](const at::Tensor& t) { return t.view({4, 300, 2, 32}); };
        const at::Tensor cos = angles(300, 8, true), sin = angles(300, 8, false);
        const at::Tensor q = ops.norm_rope_gain(heads(x[0]), cos, sin, x[2].select(0, 0).narrow(0, 0, 2), kEps);
        return ops.exclude_self(ops.causal_attention(q, heads(x[1]), heads(x[1])), heads(x[1]));
      }};
  const int before = at::get_num_threads();
  for (const Call& call : calls) {
    const std::vector<at::Tensor> inputs{noise({4, 300, 64}, 1), noise({4, 300, 64}, 2), noise({2, 64}, 3)};
    const auto with_threads = [&](int threads) {
      at::set_num_threads(threads);
      return run(fused_ops(), call, inputs);
    };
    const Outcome one = with_threads(1), two = with_threads(2), again = with_threads(2);
    EXPECT_TRUE(one.value.equal(two.value) && two.value.equal(again.value));
    for (std::size_t i = 0; i < one.grads.size(); ++i)
      EXPECT_TRUE(one.grads[i].equal(two.grads[i]) && two.grads[i].equal(again.grads[i])) << "gradient " << i;
  }
  at::set_num_threads(before);
}

TEST(Ops, NaNStaysNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const auto broken = [&](std::vector<std::int64_t> shape) {
      at::Tensor x = noise(shape, 1, type);
      x.view(-1)[3] = nan;
      return x;
    };
    const Ops& ops = fused_ops();
    const at::Tensor one = noise({8}, 2, type), two = noise({2, 8}, 3, type), fine = noise({1, 2, 8}, 4, type);
    const at::Tensor heads = broken({1, 2, 1, 8}), cos = angles(2, 4, true), sin = angles(2, 4, false);
    for (const at::Tensor& y :
         {ops.rms_norm(broken({1, 2, 8}), kEps, 1), ops.norm_rope_gain(heads, cos, sin, at::Tensor(), kEps),
          ops.causal_attention(heads, heads, heads), ops.exclude_self(heads, heads),
          ops.leaky_relu_squared(broken({1, 2, 8}), 0), ops.leaky_relu_squared(broken({1, 2, 8}), 0.5),
          mixed(ops, broken({1, 2, 8}), fine, two), ops.add_scaled(fine, broken({1, 2, 8}), one),
          ops.gated_skip(broken({1, 2, 8}), fine, one, one),
          ops.softcap_nll(broken({2, 8}), at::zeros({2}, at::kLong), 30)})
      EXPECT_TRUE(std::isnan(y.view(-1)[y.dim() == 1 ? 0 : 3].item<double>())) << y.sizes();
  }
}

TEST(Ops, InfinityBelowZeroIsNothingAfterReluSquared) {
  const at::Tensor x = at::full({1, 1, 9}, -std::numeric_limits<double>::infinity(), at::kFloat);
  EXPECT_EQ(fused_ops().leaky_relu_squared(x, 0).abs().max().item<float>(), 0.0F);
}

TEST(Ops, TheOnlyClassCostsNothing) {
  for (const double cap : {15.0, 100.0})
    EXPECT_LT(fused_ops().softcap_nll(noise({9, 1}, 1) * 30, at::zeros({9}, at::kLong), cap).abs().max().item<float>(),
              1e-6F);
}

TEST(Ops, TargetOutsideTheVocabularyIsAnErrorNotACrash) {
  for (const Ops* ops : {&plain_ops(), &fused_ops()})
    for (const std::int64_t wrong : {-1, -100, 8}) {
      at::Tensor targets = at::zeros({3}, at::kLong);
      targets[1] = wrong;
      EXPECT_THROW(ops->softcap_nll(noise({3, 8}, 1), targets, 30), c10::Error) << wrong;
    }
}

TEST(Ops, ShapesThatDoNotGoTogetherAreErrors) {
  const Ops& ops = fused_ops();
  EXPECT_THROW(ops.causal_attention(noise({1, 2, 3, 8}, 1), noise({1, 2, 2, 8}, 1), noise({1, 2, 2, 8}, 1)),
               c10::Error);
  EXPECT_THROW(ops.add_scaled(noise({1, 2, 8}, 1), noise({1, 2, 8}, 1), noise({7}, 1)), c10::Error);
  EXPECT_THROW(ops.norm_rope_gain(noise({1, 2, 1, 8}, 1), angles(3, 4, true), angles(3, 4, false), at::Tensor(), kEps),
               c10::Error);
}

TEST(Ops, WithoutGradientTheResultIsTheSame) {
  const at::Tensor x = noise({4, 30}, 1).requires_grad_(true), targets = at::arange(4, at::kLong);
  const at::Tensor with = fused_ops().softcap_nll(x * 1, targets, 30);
  const at::NoGradGuard guard;
  EXPECT_TRUE(fused_ops().softcap_nll(x * 1, targets, 30).equal(with));
  EXPECT_FALSE(fused_ops().softcap_nll(x * 1, targets, 30).requires_grad());
}

TEST(Ops, TheGradientLeftInTheScoresCanBeTakenOnce) {
  const at::Tensor x = noise({4, 30}, 1).requires_grad_(true);
  const at::Tensor loss = fused_ops().softcap_nll(x * 1, at::arange(4, at::kLong), 30).sum();
  loss.backward({}, /*retain_graph=*/true);
  EXPECT_THROW(loss.backward(), c10::Error);
}

// Numbers of PyTorch 2.11's Python functions on the same inputs: the weighted sum of the value and the norm of each
// gradient, in the order of the inputs.
TEST(Ops, BothTablesGiveTheNumbersOfThePythonFunctions) {
  const at::Tensor cos = angles(37, 8, true), sin = angles(37, 8, false);
  struct {
    const char* name;
    Call call;
    std::vector<std::vector<std::int64_t>> shapes;
    double sum;
    std::vector<double> norms;
  } const cases[] = {
      {"attention",
       [](const Ops& o, const auto& x) { return o.causal_attention(x[0], x[1], x[2]); },
       {{2, 37, 4, 32}, {2, 37, 2, 32}, {2, 37, 2, 32}},
       1.465837886e+01,
       {2.252105982e+01, 2.266890861e+01, 3.471038139e+01}},
      {"norm_rope_gain",
       [&](const Ops& o, const auto& x) { return o.norm_rope_gain(x[0], cos, sin, x[1], kEps); },
       {{2, 37, 4, 64}, {4}},
       1.275741381e+02,
       {1.016054773e+02, 1.374253828e+02}},
      {"exclude_self",
       [](const Ops& o, const auto& x) { return o.exclude_self(x[0], x[1]); },
       {{2, 37, 4, 32}, {2, 37, 2, 32}},
       1.125774180e+02,
       {9.593190644e+01, 2.292727460e+01}},
      {"gated_skip",
       [](const Ops& o, const auto& x) { return o.gated_skip(x[0], x[1], x[2], x[3]); },
       {{2, 37, 24}, {2, 37, 24}, {24}, {24}},
       9.970428082e+00,
       {2.464117389e+01, 2.116901957e+01, 1.521435982e+01, 9.213710772e+00}},
      {"softcap_nll",
       [](const Ops& o, const auto& x) { return o.softcap_nll(x[0] * 20, at::arange(70, at::kLong) * 13 % 100, 30); },
       {{70, 100}},
       1.590156105e+02,
       {1.209310396e+02}},
      {"leaky_relu_squared",
       [](const Ops& o, const auto& x) { return o.leaky_relu_squared(x[0], 0.5); },
       {{2, 37, 24}},
       5.656450226e+01,
       {6.288450804e+01}}};
  for (const auto& c : cases)
    for (const Ops* ops : {&plain_ops(), &fused_ops()}) {
      std::vector<at::Tensor> inputs;
      for (const auto& shape : c.shapes) inputs.push_back(noise(shape, 1.0 + static_cast<double>(inputs.size())));
      const Outcome out = run(*ops, c.call, inputs);
      const at::Tensor weight = noise(out.value.sizes().vec(), 9.5);
      EXPECT_NEAR((out.value.to(at::kDouble) * weight.to(at::kDouble)).sum().item<double>(), c.sum, 2e-6 * 160)
          << c.name;
      for (std::size_t i = 0; i < c.norms.size(); ++i)
        EXPECT_NEAR(out.grads[i].to(at::kDouble).norm().item<double>(), c.norms[i], 2e-6 * c.norms[i]) << c.name;
    }
}

// The plain table's derivatives against differences of its values, in f64.
TEST(Ops, PlainGradientsAreThoseOfTheValues) {
  const at::Tensor cos = angles(3, 2, true).to(at::kDouble), sin = angles(3, 2, false).to(at::kDouble);
  const std::vector<std::int64_t> heads{1, 3, 2, 6}, stream{1, 3, 6};
  struct {
    Call call;
    std::vector<std::vector<std::int64_t>> shapes;
  } const cases[] = {
      {[](const Ops& o, const auto& x) { return o.rms_norm(x[0], kEps, 0.7); }, {stream}},
      {[&](const Ops& o, const auto& x) { return o.norm_rope_gain(x[0], cos, sin, x[1], kEps); }, {heads, {2}}},
      {[](const Ops& o, const auto& x) { return o.causal_attention(x[0], x[1], x[2]); },
       {heads, {1, 3, 1, 6}, {1, 3, 1, 6}}},
      {[](const Ops& o, const auto& x) { return o.exclude_self(x[0], x[1]); }, {heads, {1, 3, 1, 6}}},
      {[](const Ops& o, const auto& x) { return o.leaky_relu_squared(x[0], 0.5); }, {stream}},
      {[](const Ops& o, const auto& x) { return mixed(o, x[0], x[1], x[2]); }, {stream, stream, {2, 6}}},
      {[](const Ops& o, const auto& x) { return o.gated_skip(x[0], x[1], x[2], x[3]); }, {stream, stream, {6}, {6}}},
      {[](const Ops& o, const auto& x) { return o.softcap_nll(x[0], at::arange(3, at::kLong), 15).to(at::kDouble); },
       {{3, 6}}}};
  for (const auto& c : cases) {
    std::vector<at::Tensor> inputs;
    for (const auto& shape : c.shapes) inputs.push_back(noise(shape, 1.5 + double(inputs.size()), at::kDouble));
    const Outcome at_point = run(plain_ops(), c.call, inputs);
    // The loss is computed in f32, so that its step has to be long.
    const double h = at_point.value.dim() == 1 ? 1e-2 : 1e-6, tolerance = at_point.value.dim() == 1 ? 1e-4 : 1e-7;
    const at::Tensor weight = noise(at_point.value.sizes().vec(), 9.5, at::kDouble);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      for (std::int64_t j = 0; j < inputs[i].numel(); j += 5) {
        const auto value_at = [&](double shift) {
          std::vector<at::Tensor> moved = inputs;
          moved[i] = moved[i].clone();
          moved[i].view(-1)[j] += shift;
          return (c.call(plain_ops(), moved) * weight).sum().item<double>();
        };
        EXPECT_NEAR((value_at(h) - value_at(-h)) / (2 * h), at_point.grads[i].view(-1)[j].item<double>(), tolerance);
      }
  }
}

}  // namespace
}  // namespace pg::model

#include "reference/model/model.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "reference/model/attention_backend.h"
#include "reference/model/feature.h"
#include "reference/model/init.h"
#include "reference/model/ops.h"

namespace pg::model {
namespace {

using testing::HasSubstr;

// Threads that wait for each other take longer than the work of networks this small.
const bool kOneThread = (at::set_num_threads(1), true);

// Everything that the presets switch on, in small.
Config small() {
  Config config;
  config.vocab_size = 97;
  config.layers = 5;
  config.dim = 64;
  config.heads = 4;
  config.kv_heads = 2;
  config.hidden = 128;
  config.rope_dims = 8;
  config.train_seq_len = 32;
  config.leaky_slope = 0.5;
  config.ln_scale = true;
  config.skip_gates = true;
  config.xsa_last_n = 5;
  config.parallel_from = 3;
  config.loop = {2, 2, 3};
  config.init = Init::kOrthogonal;
  return config;
}

std::unique_ptr<Model> make(const Config& config, Runtime runtime = {}, std::uint64_t seed = 1) {
  auto model = Model::create(config, runtime, seed);
  EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error().message);
  return std::move(*model);
}

at::Tensor some_ids(int vocab, int sequences = 2, int length = 16, int factor = 7) {
  return ((at::arange(sequences * length, at::kLong) * factor + 3) % vocab).view({sequences, length});
}

// Makes the zero-initialised matrices take part.
void stir(Model& model) {
  const at::NoGradGuard no_grad;
  for (Parameter& p : model.parameters()) {
    if (!p.name.ends_with("proj.weight")) continue;
    ParameterSpec spec{p.name, p.tensor.sizes().vec(), Role::kLinear, Fill::kNormal, 0.1};
    const std::vector<float> values = initial_values(spec, 5);
    at::Tensor drawn = at::zeros(p.tensor.sizes());
    std::copy(values.begin(), values.end(), drawn.mutable_data_ptr<float>());
    p.tensor.copy_(drawn);
  }
}

at::Tensor parameter(Model& model, std::string_view name) {
  for (Parameter& p : model.parameters()) {
    if (p.name == name) return p.tensor;
  }
  ADD_FAILURE() << name << " is no parameter";
  return {};
}

double loss(Model& model, const at::Tensor& ids) {
  const at::NoGradGuard no_grad;
  return model.token_nll(ids, ids.roll(-1, 1)).mean().item<double>();
}

TEST(Model, BuiltParametersAreCountedLikeTheShapes) {
  Config config = small();
  EXPECT_EQ(make(config)->parameter_count(), config.parameter_count());
  config.embedding_dim = 32;
  config.tie_embeddings = false;
  config.features["smear_gate"];
  EXPECT_EQ(make(config)->parameter_count(), config.parameter_count());
}

TEST(Model, InitialLossIsThatOfAUniformGuess) {
  for (const bool looping : {false, true}) {
    auto model = make(small());
    model->set_looping(looping);
    EXPECT_NEAR(loss(*model, some_ids(97)), std::log(97.0), 0.02);
  }
}

TEST(Model, SameSeedSameWeightsAnotherSeedOthers) {
  auto a = make(small(), {}, 7), b = make(small(), {}, 7), c = make(small(), {}, 8);
  for (std::size_t i = 0; i < a->parameters().size(); ++i)
    EXPECT_TRUE(a->parameters()[i].tensor.equal(b->parameters()[i].tensor));
  EXPECT_FALSE(parameter(*a, "tok_emb.weight").equal(parameter(*c, "tok_emb.weight")));
  EXPECT_FALSE(parameter(*a, "blocks.0.mlp.fc.weight").equal(parameter(*c, "blocks.0.mlp.fc.weight")));
}

TEST(Model, AnotherFeatureLeavesTheOthersWeightsAlone) {
  Config with = small();
  with.features["smear_gate"];
  auto a = make(small()), b = make(with);
  EXPECT_TRUE(parameter(*a, "blocks.4.attn.c_q.weight").equal(parameter(*b, "blocks.4.attn.c_q.weight")));
}

TEST(Model, TypesAreThoseOfTheOriginals) {
  auto model = make(small(), {c10::kCPU, Precision::kBf16, Kernels::kPlain});
  EXPECT_EQ(parameter(*model, "tok_emb.weight").scalar_type(), at::kBFloat16);
  EXPECT_EQ(parameter(*model, "blocks.0.mlp.fc.weight").scalar_type(), at::kFloat);
  EXPECT_EQ(parameter(*model, "skip_gates").scalar_type(), at::kFloat);
  EXPECT_EQ(model->logits(some_ids(97)).scalar_type(), at::kBFloat16);
  EXPECT_EQ(model->token_nll(some_ids(97), some_ids(97)).scalar_type(), at::kFloat);
}

TEST(Model, GradientsAddUpWithTheirScale) {
  auto once = make(small()), twice = make(small());
  stir(*once);
  stir(*twice);
  const at::Tensor ids = some_ids(97), targets = ids.roll(-1, 1);
  once->accumulate_gradients(ids, targets, 1.0);
  twice->accumulate_gradients(ids, targets, 0.25);
  twice->accumulate_gradients(ids, targets, 0.75);
  for (std::size_t i = 0; i < once->parameters().size(); ++i) {
    const at::Tensor a = once->parameters()[i].tensor.grad(), b = twice->parameters()[i].tensor.grad();
    ASSERT_TRUE(a.defined()) << once->parameters()[i].name;
    EXPECT_LE((a - b).norm().item<double>(), 1e-5 * a.norm().item<double>() + 1e-12) << once->parameters()[i].name;
  }
}

// The derivative along a direction against the difference of losses.
TEST(Model, GradientIsTheSlopeOfTheLoss) {
  auto model = make(small());
  stir(*model);
  model->set_looping(true);
  const at::Tensor ids = some_ids(97), targets = ids.roll(-1, 1);
  model->accumulate_gradients(ids, targets, 1.0);
  for (const char* name : {"tok_emb.weight", "skip_gates", "blocks.2.attn.c_q.weight", "blocks.3.mlp.fc.weight",
                           "blocks.1.resid_mix", "blocks.4.attn.q_gain"}) {
    at::Tensor p = parameter(*model, name);
    const at::Tensor direction = p.grad() / p.grad().norm();
    const double slope = p.grad().norm().item<double>(), step = 1e-2;
    const at::NoGradGuard no_grad;
    p.add_(direction, step);
    const double above = model->token_nll(ids, targets).to(at::kDouble).mean().item<double>();
    p.sub_(direction, 2 * step);
    const double below = model->token_nll(ids, targets).to(at::kDouble).mean().item<double>();
    p.add_(direction, step);
    EXPECT_NEAR((above - below) / (2 * step) / slope, 1.0, 0.02) << name;
  }
}

TEST(Model, NoPositionSeesWhatComesLater) {
  Config config = small();
  config.features["smear_gate"];
  auto model = make(config);
  stir(*model);
  model->set_looping(true);
  const at::NoGradGuard no_grad;
  at::Tensor ids = some_ids(97, 1, 16);
  const at::Tensor before = model->logits(ids);
  at::Tensor changed = ids.clone();
  changed.select(1, 9).fill_(5);
  const at::Tensor after = model->logits(changed);
  EXPECT_TRUE(before.narrow(1, 0, 9).allclose(after.narrow(1, 0, 9), 1e-5, 1e-6));
  EXPECT_FALSE(before.narrow(1, 9, 7).allclose(after.narrow(1, 9, 7), 1e-3, 1e-3));
}

TEST(Model, LoopingRunsTheSegmentAgain) {
  auto model = make(small());
  stir(*model);
  const double once = loss(*model, some_ids(97));
  model->set_looping(true);
  EXPECT_TRUE(model->looping());
  EXPECT_NE(loss(*model, some_ids(97)), once);
  model->set_looping(false);
  EXPECT_EQ(loss(*model, some_ids(97)), once);
}

TEST(Model, RowsBeyondThePlainOrderGetNoGradientBeforeLooping) {
  auto model = make(small());
  const at::Tensor ids = some_ids(97);
  model->accumulate_gradients(ids, ids, 1.0);
  const at::Tensor grad = parameter(*model, "skip_weights").grad();  // 4 rows, 2 of them in use
  ASSERT_EQ(grad.size(0), 4);
  EXPECT_GT(grad.select(0, 1).norm().item<double>(), 0);
  EXPECT_EQ(grad.select(0, 2).norm().item<double>(), 0);
  model->set_looping(true);
  model->accumulate_gradients(ids, ids, 1.0);
  EXPECT_GT(parameter(*model, "skip_weights").grad().select(0, 3).norm().item<double>(), 0);
}

TEST(Model, LongerSequencesThanTrainedOnStretchTheRotation) {
  Config config = small();
  auto rescaled = make(config);
  config.train_seq_len = 64;
  auto plain = make(config);
  stir(*rescaled);
  stir(*plain);
  const at::Tensor fits = some_ids(97, 1, 32, 5), longer = some_ids(97, 1, 64, 5);
  EXPECT_EQ(loss(*rescaled, fits), loss(*plain, fits));
  EXPECT_NE(loss(*rescaled, longer), loss(*plain, longer));
}

TEST(ModelLoad, TakesStateOverAcrossTypes) {
  auto from = make(small(), {}, 1), to = make(small(), {c10::kCPU, Precision::kBf16, Kernels::kPlain}, 2);
  const Status status = to->load(from->state());
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_TRUE(parameter(*to, "blocks.1.attn.c_k.weight").equal(parameter(*from, "blocks.1.attn.c_k.weight")));
  EXPECT_TRUE(
      parameter(*to, "tok_emb.weight").to(at::kFloat).equal(parameter(*from, "tok_emb.weight")));  // was bf16 at birth
}

TEST(ModelLoad, WhatDoesNotFitIsNamedAndNothingChanges) {
  auto model = make(small());
  const at::Tensor before = parameter(*model, "skip_weights").detach().clone();
  auto weights = make(small(), {}, 2)->state();
  for (auto& [name, tensor] : weights) tensor = at::full_like(tensor, 3.0);
  auto missing = weights, wrong = weights, extra = weights;
  missing.erase("tok_emb.weight");
  wrong["blocks.4.mlp.proj.weight"] = at::zeros({3, 4});
  extra["bigram.scale"] = at::zeros({1});
  EXPECT_THAT(model->load(missing).error().message, HasSubstr("'tok_emb.weight' is missing (52 of 53"));
  EXPECT_THAT(model->load(wrong).error().message, HasSubstr("'blocks.4.mlp.proj.weight' has the shape [3, 4]"));
  EXPECT_THAT(model->load(extra).error().message, HasSubstr("'bigram.scale' is no parameter"));
  EXPECT_TRUE(parameter(*model, "skip_weights").equal(before));
}

TEST(Create, InvalidConfigIsAnError) {
  Config config = small();
  config.heads = 3;
  const auto model = Model::create(config, {}, 1);
  ASSERT_FALSE(model.ok());
  EXPECT_THAT(model.error().message, HasSubstr("model.heads is 3"));
}

at::Tensor drawn(const ParameterSpec& spec, std::uint64_t seed = 3) {
  const std::vector<float> values = initial_values(spec, seed);
  at::Tensor tensor = at::zeros(spec.shape);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<float>());
  return tensor.to(at::kDouble);
}

TEST(Blocks, ExcludedSelfIsOrthogonalToTheOwnValue) {
  const at::Tensor y = drawn({"y", {2 * 5 * 4, 16}, Role::kLinear, Fill::kNormal, 1.0}).view({2, 5, 4, 16});
  const at::Tensor v = drawn({"v", {2 * 5 * 2, 16}, Role::kLinear, Fill::kNormal, 1.0}).view({2, 5, 2, 16});
  for (const Ops* ops : {&plain_ops(), &fused_ops()}) {
    const at::Tensor out = ops->exclude_self(y.to(at::kFloat), v.to(at::kFloat)).view({2, 5, 2, 2, 16});
    EXPECT_LT((out * v.unsqueeze(3)).sum(-1).abs().max().item<double>(), 1e-5);
  }
}

TEST(Blocks, GateStartsAsTheMeanOfStreamAndSkip) {
  const at::Tensor x = at::arange(24, at::kFloat).view({1, 3, 8}), saved = x * x;
  const at::Tensor ones = at::ones_like(x.select(1, 0).squeeze(0)), zeros = at::zeros({8});
  for (const Ops* ops : {&plain_ops(), &fused_ops()})
    EXPECT_TRUE(ops->gated_skip(x, saved, ones, zeros).allclose((x + saved) / 2));
}

TEST(SmearGate, StartsAsTheMeanWithThePositionBefore) {
  const at::Tensor ids = at::zeros({1, 3}, at::kLong), x = at::arange(6, at::kFloat).view({1, 3, 2});
  const auto feature = find_feature("smear_gate")->create({}, {}, [](std::string_view) { return at::zeros({2}); });
  const at::Tensor out = feature->stream({ids, plain_ops()}, x);
  const at::Tensor wanted = at::arange(6, at::kFloat).view({1, 3, 2}) - 1;  // (x_t + x_(t-1)) / 2 with rows 2 apart
  EXPECT_TRUE(out.narrow(1, 1, 2).equal(wanted.narrow(1, 1, 2)));
  EXPECT_TRUE(out.select(1, 0).equal(x.select(1, 0) / 2));
}

TEST(Init, OrthogonalHasOrthonormalRowsOrColumns) {
  for (const auto& [out, in] : {std::pair{64, 64}, {70, 129}, {129, 70}, {256, 64}}) {
    const at::Tensor w = drawn({"w", {out, in}, Role::kLinear, Fill::kOrthogonal, 1.0});
    const at::Tensor gram = out <= in ? w.mm(w.t()) : w.t().mm(w);
    EXPECT_LT((gram - at::eye(gram.size(0), at::kDouble)).abs().max().item<double>(), 1e-6) << out << " x " << in;
    EXPECT_LT(std::abs(w.mean().item<double>()), 4.0 / (std::sqrt(out * in * 1.0) * std::sqrt(std::max(out, in))));
  }
}

TEST(Init, MomentsAreThoseOfTheDistributions) {
  const at::Tensor normal = drawn({"n", {300, 301}, Role::kEmbedding, Fill::kNormal, 0.005});
  EXPECT_NEAR(normal.std().item<double>(), 0.005, 0.005 * 0.01);
  EXPECT_NEAR(normal.mean().item<double>(), 0.0, 0.005 * 0.015);
  EXPECT_NEAR(normal.pow(4).mean().item<double>() / std::pow(0.005, 4), 3.0, 0.1);
  const at::Tensor uniform = drawn({"u", {300, 301}, Role::kLinear, Fill::kUniform, 0.25});
  EXPECT_NEAR(uniform.std().item<double>(), 0.25 / std::sqrt(3.0), 0.002);
  EXPECT_LE(uniform.abs().max().item<double>(), 0.25);
}

// The first numbers of a stream, computed by hand from init.cc's definition: weights of a seed must not change.
TEST(Init, ValuesAreFixedForever) {
  const std::vector<float> values = initial_values({"w", {1, 3}, Role::kLinear, Fill::kUniform, 1.0}, 1337);
  EXPECT_THAT(values, testing::Pointwise(testing::FloatEq(), {0.13800918F, -0.89267705F, 0.44599236F}));
}

TEST(AttentionKernel, IsNamedForTheLogAndOrderedForGpus) {
  Runtime runtime;
  EXPECT_EQ(attention_kernel(small(), runtime, 1, 16), "own");
  runtime.kernels = Kernels::kPlain;
  EXPECT_EQ(attention_kernel(small(), runtime, 1, 16), "sdpa");
  order_attention_kernels();
  EXPECT_EQ(at::globalContext().sDPPriorityOrder().front(), at::SDPBackend::cudnn_attention);
}

}  // namespace
}  // namespace pg::model

#include "reference/optim/optimizers.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reference/dist/spawn.h"
#include "reference/optim/draw.h"
#include "reference/optim/routing.h"

namespace pg::optim {
namespace {

using nlohmann::json;
using Parameters = std::vector<model::Parameter>;

const json& goldens() {
  static const json all = json::parse(std::ifstream(PG_SOURCE_DIR "/reference/optim/testdata/goldens.json"));
  return all;
}

model::Parameter parameter(std::string name, const at::Tensor& value) {
  return {std::move(name), value.clone().set_requires_grad(true)};
}

std::unique_ptr<dist::Group> alone() {
  at::set_num_threads(1);  // matrices this small gain nothing from more
  return std::move(dist::make_group({}, c10::kCPU)).value();
}

double largest_difference(const at::Tensor& tensor, const json& numbers) {
  const at::Tensor flat = tensor.detach().to(at::kDouble).flatten().contiguous();
  EXPECT_EQ(static_cast<std::size_t>(flat.numel()), numbers.size());
  double largest = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    largest = std::max(largest, std::abs(flat.const_data_ptr<double>()[i] - numbers[i].get<double>()));
  return largest;
}

const std::vector<std::vector<std::int64_t>> kShapes = {{16, 16}, {24, 16}, {16, 40}, {16, 16}, {24, 16}};

Parameters matrices(Draw& draw) {
  Parameters out;
  for (std::size_t i = 0; i < kShapes.size(); ++i)
    out.push_back(parameter("blocks." + std::to_string(i) + ".weight", draw.tensor(kShapes[i])));
  return out;
}

Config muon_config() {
  Config config;
  config.matrix_lr = 0.02;
  config.muon_momentum_warmup_start = 0.85;
  config.muon_momentum = 0.85 + 0.02 * 5;
  config.muon_momentum_warmup_steps = 5;  // + 0.02 a step, as make_goldens.py
  config.muon_precision = MuonPrecision::kBf16;
  return config;
}

// Six steps as make_goldens.py makes them. `mean_of`: every rank gets its own share of gradients whose mean is drawn.
void six_steps(Optimizers& optimizers, Parameters& parameters, Draw& draw, double share = 1.0) {
  for (int step = 0; step < 6; ++step) {
    optimizers.zero_grad();
    for (auto& p : parameters) p.tensor.mutable_grad().add_(draw.tensor(p.tensor.sizes(), 0.1F), share);
    optimizers.step(step, 1.0);
  }
}

// In bf16 the same roundings at the same places: on the kind of CPU that made the numbers, what is left is the last bit
// of the f32 weights (3e-8). Others sum bf16 products in another order: one unit of an update (2^-9 of 0.5) times the
// rate (0.02) and the steps.
TEST(Optimizers, MuonFollowsTheOriginals) {
  for (const bool pr1394 : {false, true}) {
    Config config = muon_config();
    if (pr1394) config.muon_wd = 0.085, config.muon_row_normalize = true;
    Draw draw(7);
    Parameters parameters = matrices(draw);
    const auto group = alone();
    Optimizers optimizers(config, parameters, *group);
    six_steps(optimizers, parameters, draw);
    const json& golden = goldens()[pr1394 ? "muon_pr1394" : "muon_baseline"]["out"];
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const double difference = largest_difference(parameters[i].tensor, golden[i]);
      EXPECT_LT(difference, 5e-4) << i;
      std::printf("matrix %zu: largest difference %.2e\n", i, difference);
    }
  }
}

// Large enough a decay to tell before the update from behind it: lr^2 decay, 4e-3, times the update.
TEST(Optimizers, MuonInF32IsTheFormulaWithItsDecayBeforeTheUpdate) {
  for (const bool row_normalize : {false, true}) {
    Config config = muon_config();
    config.muon_precision = MuonPrecision::kF32;
    config.muon_wd = 10;
    config.muon_row_normalize = row_normalize;
    Draw draw(7);
    Parameters parameters = matrices(draw);
    const auto doubles = [](const at::Tensor& t) {
      const at::Tensor flat = t.detach().to(at::kDouble).flatten().contiguous();
      return std::vector<double>(flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel());
    };
    std::vector<std::vector<double>> expected, momentum;
    for (const auto& p : parameters) {
      expected.push_back(doubles(p.tensor));
      momentum.emplace_back(expected.back().size(), 0.0);
    }
    const auto group = alone();
    Optimizers optimizers(config, parameters, *group);
    for (int step = 0; step < 3; ++step) {
      optimizers.zero_grad();
      const double mu = 0.85 + 0.02 * step, lr = 0.02;
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        const at::Tensor drawn = draw.tensor(kShapes[i], 0.1F);
        parameters[i].tensor.mutable_grad().add_(drawn);
        const std::vector<double> g = doubles(drawn);
        std::vector<double> u(g.size());
        for (std::size_t k = 0; k < g.size(); ++k) {
          momentum[i][k] = mu * momentum[i][k] + g[k];
          u[k] = g[k] + mu * momentum[i][k];
        }
        const auto rows = static_cast<std::size_t>(kShapes[i][0]), cols = static_cast<std::size_t>(kShapes[i][1]);
        u = orthogonalize_ref(u, rows, cols, {Orthogonalizer::kNs5, 5, row_normalize, false});
        const double scale = std::sqrt(std::max(1.0, static_cast<double>(rows) / static_cast<double>(cols)));
        for (std::size_t k = 0; k < g.size(); ++k)
          expected[i][k] = expected[i][k] * (1 - lr * config.muon_wd) - lr * scale * u[k];
      }
      optimizers.step(step, 1.0);
    }
    double difference = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i)
      difference = std::max(difference, largest_difference(parameters[i].tensor, json(expected[i])));
    EXPECT_LT(difference, 1e-6);
    std::printf("f32 against double: largest difference %.2e\n", difference);
  }
}

TEST(Optimizers, NewtonSchulzInBf16RoundsWhereTheOriginalRounds) {
  for (const json& golden : goldens()["newton_schulz"]) {
    const int r = golden["rows"], c = golden["cols"];
    const at::Tensor g = Draw(static_cast<std::uint64_t>(r * 100 + c)).tensor({1, r, c});
    const double difference =
        largest_difference(orthogonalize(g, {Orthogonalizer::kNs5, 5, false, true}), golden["out"]);
    EXPECT_LT(difference, 8e-3) << r << "x" << c;
    std::printf("%d x %d: largest difference %.2e\n", r, c, difference);
  }
}

TEST(Optimizers, AdamIsPyTorchs) {
  struct Case {
    const char* name;
    at::ScalarType type;
    double decay, tolerance;
  };
  for (const Case& c : {Case{"adam_f32", at::kFloat, 0, 2e-7},
                        {"adamw_f32", at::kFloat, 0.085, 2e-7},
                        {"adamw_bf16", at::kBFloat16, 0.085, 1e-9}}) {
    Draw draw(11);
    Parameters parameters = {{"scale", draw.tensor({50}).to(c.type).set_requires_grad(true)}};
    Config config;
    config.scalar_lr = 0.03;
    config.adam_wd = c.decay;
    const auto group = alone();
    Optimizers optimizers(config, parameters, *group);
    for (int step = 0; step < 6; ++step) {
      optimizers.zero_grad();
      parameters[0].tensor.mutable_grad().add_(draw.tensor({50}, 0.1F).to(c.type));
      optimizers.step(step, 1.0);
    }
    EXPECT_LE(largest_difference(parameters[0].tensor, goldens()[c.name]["out"]), c.tolerance) << c.name;
    const State state = optimizers.state();
    EXPECT_LE(largest_difference(state.at("scale.exp_avg"), goldens()[c.name]["exp_avg"]), c.tolerance) << c.name;
    EXPECT_EQ(state.at("scale.exp_avg").scalar_type(), c.type);
    EXPECT_EQ(state.at("scale.step").item<float>(), 6);
  }
}

TEST(Optimizers, ClippingIsPyTorchs) {
  for (const json& golden : goldens()["clip"]) {
    Draw draw(13);
    Parameters parameters = {parameter("a", at::zeros({30})), parameter("b", at::zeros({7}))};
    FlatStore store({parameters});
    for (auto& p : parameters) p.tensor.mutable_grad().add_(draw.tensor(p.tensor.sizes()));
    const double norm = clip_gradients(store.buffers(), golden["max_norm"]).item<double>();
    EXPECT_NEAR(norm, golden["norm"].get<double>(), 1e-6);
    for (std::size_t i = 0; i < 2; ++i)
      EXPECT_LT(largest_difference(parameters[i].tensor.grad(), golden["out"][i]), 1e-7);
  }
}

TEST(Optimizers, GradientsPutElsewhereAreBroughtIn) {
  Parameters parameters = {parameter("a", at::zeros({3})), parameter("b", at::zeros({2}))};
  FlatStore store({parameters});
  parameters[0].tensor.mutable_grad() = Draw(1).tensor({3});
  parameters[1].tensor.mutable_grad() = at::Tensor();
  store.collect_gradients();
  EXPECT_EQ(store.sections(0)[0].grad.abs().sum().item<float>(), Draw(1).tensor({3}).abs().sum().item<float>());
  EXPECT_TRUE(parameters[1].tensor.grad().defined());
}

TEST(Optimizers, RoutesAsTheBaselineAndPr1394) {
  Parameters all;
  for (const char* name :
       {"blocks.0.attn.c_q.weight", "blocks.0.resid_mix", "blocks.3.mlp.fc.weight", "tok_emb.weight", "skip_weights",
        "skip_gates", "embed_proj.weight", "bigram.embed.weight", "bigram.proj.weight"})
    all.push_back(parameter(name, at::zeros({4, 4})));
  all.push_back(parameter("blocks.0.attn.q_gain", at::zeros({4})));
  all.push_back(parameter("empty", at::zeros({0, 4})));
  const auto names = [](const Parameters& list) {
    std::string out;
    for (const auto& p : list) out += p.name + " ";
    return out;
  };
  const Routing routing = route(all, {});
  EXPECT_EQ(names(routing.matrices), "blocks.0.attn.c_q.weight blocks.3.mlp.fc.weight embed_proj.weight ");
  EXPECT_EQ(names(routing.embeddings), "tok_emb.weight bigram.embed.weight ");
  EXPECT_EQ(names(routing.scalars),
            "blocks.0.resid_mix skip_weights skip_gates bigram.proj.weight blocks.0.attn.q_gain ");
}

TEST(Optimizers, RestoredStateContinuesBitForBit) {
  for (const MuonForm form : {MuonForm::kRoundRobin, MuonForm::kSharded}) {
    Config config = muon_config();
    config.muon_form = form;
    const auto group = alone();
    Draw draw(7);
    Parameters one = matrices(draw), two;
    one.push_back(parameter("tok_emb.weight", draw.tensor({9, 4})));
    Optimizers first(config, one, *group);
    six_steps(first, one, draw);
    for (const auto& p : one) two.push_back(parameter(p.name, p.tensor.detach()));
    Optimizers second(config, two, *group);
    ASSERT_TRUE(second.restore(first.state()).ok());
    Draw again = draw;
    six_steps(first, one, draw);
    six_steps(second, two, again);
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(one[i].tensor.equal(two[i].tensor)) << i;
    State broken = first.state();
    broken.erase("blocks.2.weight.momentum");
    const Status status = second.restore(broken);
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.error().message.find("blocks.2.weight.momentum"), std::string::npos);
  }
}

// Runs six steps in `world` processes and writes rank 0's parameters to a file; every rank must have the same bits.
std::vector<float> after_six_steps(int world, MuonForm form, MuonPrecision precision) {
  const std::string path = testing::TempDir() + "/weights_" + std::to_string(::getpid());
  const auto codes = dist::run_ranks(world, [&](int rank) {
    const auto group = std::move(dist::make_group(dist::place_from_environment().value(), c10::kCPU, 60)).value();
    Config config = muon_config();
    config.muon_form = form;
    config.muon_precision = precision;
    Draw draw(7);
    Parameters parameters = matrices(draw);
    parameters.push_back(parameter("tok_emb.weight", draw.tensor({9, 4})));
    Optimizers optimizers(config, parameters, *group);
    six_steps(optimizers, parameters, draw, 2.0 * (rank + 1) / (world + 1));
    if (optimizers.state().at("blocks.4.weight.momentum").abs().max().item<float>() == 0) return 3;
    at::Tensor mine = optimizers.store().buffers()[0].data.clone();
    at::Tensor theirs = mine.clone();
    group->broadcast(theirs, 0);
    if (!mine.equal(theirs)) return 2;
    if (rank == 0)
      std::ofstream(path, std::ios::binary)
          .write(static_cast<const char*>(mine.const_data_ptr()), static_cast<std::streamsize>(mine.nbytes()));
    return 0;
  });
  EXPECT_EQ(codes, std::vector<int>(static_cast<std::size_t>(world), 0));
  std::vector<float> out;
  std::ifstream file(path, std::ios::binary);
  for (float value = 0; file.read(reinterpret_cast<char*>(&value), sizeof value);) out.push_back(value);
  return out;
}

double largest(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  EXPECT_FALSE(a.empty());
  double out = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    out = std::max(out, std::abs(double{a[i]} - double{b[i]}));
  return out;
}

// Only the order in which a gradient's shares are added differs: f32 rounding, through six updates of 0.02.
TEST(Optimizers, OneTwoAndFourProcessesTakeTheSameStep) {
  const auto one = after_six_steps(1, MuonForm::kRoundRobin, MuonPrecision::kF32);
  for (const int world : {2, 4})
    for (const MuonForm form : {MuonForm::kRoundRobin, MuonForm::kSharded}) {
      const double difference = largest(one, after_six_steps(world, form, MuonPrecision::kF32));
      EXPECT_LT(difference, 2e-6) << world;
      std::printf("%d processes, form %d: largest difference %.2e\n", world, static_cast<int>(form), difference);
    }
}

// In bf16 the sharded form also rounds gradients and momentum (optim.md 1.4). Newton-Schulz multiplies small singular
// values by up to 3.4 an iteration, so that 2^-9 of the gradient becomes several 2^-8 of an update (of up to 1, times
// the rate of 0.02) in single entries: measured 1.9e-3, and 4.2e-4 in the root of the mean square, which is 2^-8 of six
// updates. Other CPUs sum bf16 products in another order: twice that.
TEST(Optimizers, RoundRobinAndShardedAgreeInBf16UpToItsRounding) {
  const auto a = after_six_steps(2, MuonForm::kRoundRobin, MuonPrecision::kBf16);
  const auto b = after_six_steps(2, MuonForm::kSharded, MuonPrecision::kBf16);
  const double most = largest(a, b);
  double squares = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) squares += std::pow(double{a[i]} - double{b[i]}, 2);
  const double typical = std::sqrt(squares / static_cast<double>(a.size()));
  std::printf("round robin and sharded in bf16: largest difference %.2e, root of the mean square %.2e\n", most,
              typical);
  EXPECT_LT(most, 4e-3);
  EXPECT_LT(typical, 2 * 6 * 0.02 / 256);
  EXPECT_GT(most, 0);
}

TEST(OptimConfig, ReadsWhatItWritesAndRefusesTheUnknown) {
  Config config;
  config.muon_wd = 0.085;
  config.muon_row_normalize = true;
  config.muon_form = MuonForm::kSharded;
  const auto again = config_from_json(to_json(config), "here");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(to_json(*again), to_json(config));
  const auto error = [](const char* text) {
    const auto result = config_from_json(json::parse(text), "preset x");
    return result.ok() ? std::string() : result.error().message;
  };
  EXPECT_EQ(error(R"({"matrix_lr": 0.04, "muon_row_normalize": 1})"), "");
  EXPECT_NE(error(R"({"matrix_rl": 0.04})").find("preset x: no field is named \"matrix_rl\""), std::string::npos);
  EXPECT_NE(error(R"({"matrix_lr": "0.04"})").find("\"matrix_lr\" is \"0.04\", not a number"), std::string::npos);
  EXPECT_NE(error(R"({"beta1": 1.0})").find("beta1"), std::string::npos);
  EXPECT_NE(error(R"({"muon_form": "banks"})").find("one of round_robin, sharded"), std::string::npos);
  EXPECT_NE(error(R"({"muon_orthogonalizer": "polar_express", "muon_backend_steps": 6})").find("at most 5"),
            std::string::npos);
  EXPECT_NE(error("[]").find("not a JSON object"), std::string::npos);
}

TEST(OptimConfig, MomentumWarmsUpLinearly) {
  Config config;
  EXPECT_DOUBLE_EQ(momentum_at(config, 0), 0.85);
  EXPECT_DOUBLE_EQ(momentum_at(config, 250), 0.90);
  EXPECT_DOUBLE_EQ(momentum_at(config, 500), 0.95);
  EXPECT_DOUBLE_EQ(momentum_at(config, 5000), 0.95);
}

}  // namespace
}  // namespace pg::optim

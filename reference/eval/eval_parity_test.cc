// A small model against numbers that the contest's own evaluation functions gave for it (testdata/make_vectors.py).
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reference/dist/spawn.h"
#include "reference/eval/evaluate.h"

namespace pg::eval {
namespace {

std::uint64_t splitmix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

// The weight() of make_vectors.py.
float weight(std::uint64_t parameter, std::uint64_t index) {
  return static_cast<float>(static_cast<double>(splitmix((parameter << 32) + index) >> 40) / 33554432.0 - 0.25);
}

struct Case {
  nlohmann::json vectors;
  std::vector<std::uint16_t> tokens;
  data::ByteTable bytes;
  std::unique_ptr<model::Model> model;
};

Case make_case() {
  at::set_num_threads(1);  // the tensors are too small for more
  Case c;
  std::ifstream(PG_SOURCE_DIR "/reference/eval/testdata/vectors.json") >> c.vectors;
  c.vectors.at("tokens").get_to(c.tokens);
  c.vectors.at("base").get_to(c.bytes.base_bytes);
  for (const bool flag : c.vectors.at("lead")) c.bytes.leading_space.push_back(flag);
  for (const bool flag : c.vectors.at("boundary")) c.bytes.boundary.push_back(flag);
  model::Config config;
  config.vocab_size = 64;
  config.layers = 4;
  config.dim = 32;
  config.heads = 4;
  config.kv_heads = 2;
  config.hidden = 64;
  config.rope_dims = 4;
  config.train_seq_len = 48;
  config.q_gain_init = 4.0;
  config.leaky_slope = 0.5;
  config.ln_scale = true;
  config.skip_gates = true;
  config.xsa_last_n = 2;
  config.loop = {1, 1, 2};
  auto model = model::Model::create(config, {}, 1);
  if (!model) throw std::runtime_error(model.error().message);
  c.model = std::move(*model);
  c.model->set_looping(true);
  std::map<std::string, at::Tensor> weights;
  std::uint64_t number = 0;
  for (const auto& [name, tensor] : c.model->state()) {  // in the order of names
    at::Tensor values = at::empty(tensor.sizes(), at::kFloat);
    for (std::int64_t i = 0; i < values.numel(); ++i)
      values.mutable_data_ptr<float>()[i] = weight(number, static_cast<std::uint64_t>(i));
    weights.emplace(name, values);
    ++number;
  }
  if (Status status = c.model->load(weights); !status) throw std::runtime_error(status.error().message);
  return c;
}

EvalOptions options_of(Mode mode) {
  EvalOptions options;
  options.mode = mode;
  options.seq_len = 48;
  options.stride = 8;
  options.tail = score::Tail::kPr1394;
  options.batch = 4;
  return options;
}

Result<EvalResult> run(Case& c, const EvalOptions& options) {
  const auto place = dist::place_from_environment();
  const auto group = dist::make_group(*place, c10::kCPU, 60);
  if (!group) return group.error();
  return evaluate(*c.model, c.tokens, c.bytes, **group, options);
}

TEST(EvalParity, ParametersAreThoseOfTheOriginal) {
  const Case c = make_case();
  std::vector<std::string> mine;
  for (const auto& [name, tensor] : c.model->state()) mine.push_back(name);
  EXPECT_EQ(mine, c.vectors.at("parameters").get<std::vector<std::string>>());
}

class OriginalsNumbers : public ::testing::TestWithParam<const char*> {};

TEST_P(OriginalsNumbers, LossAndBitsPerByteAgree) {
  Case c = make_case();
  const std::string name = GetParam();
  const auto& expected = c.vectors.at("results").at(name);
  const auto result = run(c, options_of(name.ends_with("sliding") ? Mode::kSliding : Mode::kPlain));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_NEAR(result->val_loss / expected.at("val_loss").get<double>(), 1.0, 1e-6);
  EXPECT_NEAR(result->val_bpb / expected.at("val_bpb").get<double>(), 1.0, 1e-6);
  EXPECT_EQ(result->sums.tokens, 48U * 15U);
}

INSTANTIATE_TEST_SUITE_P(EvalParity, OriginalsNumbers,
                         ::testing::Values("root plain", "pr1394 plain", "pr1394 sliding"));

TEST(EvalParity, SlidingScoresBetterContextThanPlainOnTheSameTargets) {
  Case c = make_case();
  const auto plain = run(c, options_of(Mode::kPlain)), sliding = run(c, options_of(Mode::kSliding));
  EXPECT_EQ(plain->sums.bytes, sliding->sums.bytes);
  EXPECT_NE(plain->sums.nats, sliding->sums.nats);
}

// What a rank found, to the last bit.
void write_result(const std::filesystem::path& file, const EvalResult& r) {
  std::ofstream(file) << std::hexfloat << r.sums.nats << ' ' << r.val_loss << ' ' << r.val_bpb << ' ' << r.sums.tokens
                      << ' ' << r.sums.bytes;
}

std::string read_result(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(EvalParity, OneTwoAndFourGlooProcessesGiveTheSameBits) {
  const auto folder = std::filesystem::temp_directory_path() / ("pg_eval_ranks_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto file = [&](int world, int rank) { return folder / (std::to_string(world) + "_" + std::to_string(rank)); };
  for (const Mode mode : {Mode::kPlain, Mode::kSliding}) {
    EvalOptions options = options_of(mode);
    options.tail = score::Tail::kExact;
    for (const int world : {1, 2, 4}) {
      const auto codes = dist::run_ranks(world, [&](int rank) {
        Case c = make_case();
        const auto result = run(c, options);
        if (!result) return 1;
        write_result(file(world, rank), *result);
        return 0;
      });
      ASSERT_EQ(codes, std::vector<int>(static_cast<std::size_t>(world), 0));
      for (int rank = 0; rank < world; ++rank) {
        EXPECT_EQ(read_result(file(world, rank)), read_result(file(1, 0))) << rank << " of " << world;
        EXPECT_GT(read_result(file(world, rank)).size(), 20U);
      }
    }
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace pg::eval

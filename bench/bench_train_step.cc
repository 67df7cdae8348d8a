// Our side of bench_train: full training steps of a preset's model (forward, backward, clipping, Muon and Adam).
// For every line "N" on stdin it takes N steps and prints the seconds they took, of the clock and of the processor; its
// first line says "ready PARAMETERS". Tokens are random: their values do not change the time.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randint.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "reference/dist/group.h"
#include "reference/model/model.h"
#include "reference/optim/optimizers.h"

namespace pg {
namespace {

struct Arguments {
  std::string preset, precision = "f32";
  int batch = 0, threads = 2;
  bool looping = false, plain_kernels = false, trim = false;
};

int fail(const std::string& message) {
  std::cerr << "bench_train_step: " << message << "\n";
  return 2;
}

int run(const Arguments& arguments) {
  at::set_num_threads(arguments.threads);
  const auto preset = model::load_preset(arguments.preset);
  if (!preset) return fail(preset.error().message);
  const auto config = model::config_from_json(preset->at("model"), arguments.preset);
  if (!config) return fail(config.error().message);
  const auto rates = optim::config_from_json(preset->at("optim"), arguments.preset);
  if (!rates) return fail(rates.error().message);
  model::Runtime runtime;
  runtime.precision = arguments.precision == "bf16" ? model::Precision::kBf16 : model::Precision::kF32;
  runtime.kernels = arguments.plain_kernels ? model::Kernels::kPlain : model::Kernels::kFused;
  const auto network = model::Model::create(*config, runtime, 1);
  if (!network) return fail(network.error().message);
  model::Model& net = **network;
  net.set_looping(arguments.looping);
  const auto group = dist::make_group({}, runtime.device);
  if (!group) return fail(group.error().message);
  optim::Optimizers optimizers(*rates, net.parameters(), **group);
  const std::int64_t seq_len = preset->at("train").at("train_seq_len").get<std::int64_t>();
  const auto draw = [&] { return at::randint(config->vocab_size, {arguments.batch, seq_len}, at::kLong); };
  const at::Tensor ids = draw(), targets = draw();
  std::int64_t step = 0;
  const auto take = [&] {
    optimizers.zero_grad();
    net.accumulate_gradients(ids, targets, 1.0);
    optimizers.step(step++, 1.0);
  };
  const auto trim = [&] {
    if (arguments.trim) ::malloc_trim(0);
  };
  take();
  trim();
  std::cout << "ready " << net.parameter_count() << std::endl;
  for (long steps = 0; std::cin >> steps;) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t used = std::clock();
    for (long i = 0; i < steps; ++i) take();
    const double clock = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double processor = static_cast<double>(std::clock() - used) / CLOCKS_PER_SEC;
    trim();
    std::cout << clock << ' ' << processor << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace pg

int main(int argc, char** argv) {
  pg::Arguments arguments;
  CLI::App app("Training steps of a preset, timed; driven by bench_train.");
  app.add_option("--preset", arguments.preset, "name or file")->required();
  app.add_option("--precision", arguments.precision, "f32 or bf16")->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--batch", arguments.batch, "sequences of a step")->required()->check(CLI::PositiveNumber);
  app.add_option("--threads", arguments.threads, "threads")->check(CLI::PositiveNumber);
  app.add_flag("--looping", arguments.looping, "with depth recurrence");
  app.add_flag("--trim", arguments.trim, "give freed memory back after every turn");
  app.add_flag("--plain", arguments.plain_kernels, "ATen operations instead of our own kernels");
  CLI11_PARSE(app, argc, argv);
  return pg::run(arguments);
}

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "reference/cli/command.h"
#include "reference/cli/terminal.h"
#include "reference/model/parity/parity.h"

namespace pg::cli {
namespace {

using model::parity::CaseResult;
using model::parity::TensorResult;

struct Options {
  std::string numbers, gradients, kernels = "both";
  bool tensors = false;
  int threads = 0;
};

int fail(const Error& error) {
  complain(error.message);
  return kExitError;
}

double relative(double a, double b) {
  return std::abs(a - b) / std::abs(b);
}

// f32: 1e-5 for the loss and every tensor. bf16: the whole gradient as near to f32 as the original's, times `slack`;
// one loss is one draw, so twice as far and the noise of the sum on top.
bool show_case(const CaseResult& c, const char* kernels, bool every_tensor, double slack) {
  const TensorResult& worst = c.worst();
  const bool bf16 = c.precision == model::Precision::kBf16;
  fmt::print("{:<6} {:<5} {:<8} T {:<5} loss {:.7f} original {:.7f} ({:.1e})  worst gradient {:.1e} {}", kernels,
             bf16 ? "bf16" : "f32", c.looping ? "looping" : "plain", c.seq_len, c.loss, c.loss_original,
             relative(c.loss, c.loss_original), worst.difference / worst.norm, worst.name);
  if (bf16) fmt::print("  whole {:.2e}, original {:.2e}", c.whole(), c.whole_theirs());
  fmt::print("\n");
  for (const TensorResult& t : c.tensors) {
    if (!every_tensor) break;
    fmt::print("  {:<34} |g| {:.6e}  {:.2e}", t.name, t.norm, t.difference / t.norm);
    if (bf16) fmt::print("  original {:.2e}", t.theirs / t.norm);
    fmt::print("\n");
  }
  const double loss_slack = 2 * std::abs(c.loss_original - c.loss_f32) + 1e-4 * c.loss_f32;
  if (bf16) return c.whole() <= slack * c.whole_theirs() && std::abs(c.loss - c.loss_f32) <= loss_slack;
  return relative(c.loss, c.loss_original) <= 1e-5 && worst.difference <= 1e-5 * worst.norm;
}

int compare(const Options& options) {
  if (options.threads > 0) at::set_num_threads(options.threads);
  const auto numbers = model::parity::load_numbers(options.numbers);
  if (!numbers) return fail(numbers.error());
  bool agreed = true;
  const double slack = options.gradients.empty() ? 1.4 : 1.05;  // projections measure a distance to +- 18 %
  for (const char* name : {"plain", "fused"}) {
    if (options.kernels != "both" && options.kernels != name) continue;
    const model::Runtime runtime{c10::kCPU, model::Precision::kF32,
                                 std::string_view(name) == "plain" ? model::Kernels::kPlain : model::Kernels::kFused};
    const auto cases = model::parity::run_cases(*numbers, runtime, options.gradients);
    if (!cases) return fail(cases.error());
    for (const CaseResult& c : *cases) agreed &= show_case(c, name, options.tensors, slack);
    const auto steps = model::parity::run_steps(*numbers, runtime);
    if (!steps) return fail(steps.error());
    for (std::size_t i = 0; i < steps->ours.size(); ++i)
      fmt::print("{:<6} step {:>2} loss {:.7f} original {:.7f} ({:.1e})\n", name, i, steps->ours[i], steps->original[i],
                 relative(steps->ours[i], steps->original[i]));
    agreed &= steps->worst() <= 1e-4;
    std::fflush(stdout);
  }
  fmt::print("{}\n", agreed ? "in agreement" : "NOT in agreement");
  return agreed ? kExitOk : kExitViolation;
}

}  // namespace

void add_parity_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("parity", "Hold the model against numbers of the Python originals");
  auto options = std::make_shared<Options>();
  command->add_option("--numbers", options->numbers, "What export_parity.py wrote")->required();
  command->add_option("--gradients", options->gradients, "Its --gradients: compare every entry instead of projections");
  command->add_option("--kernels", options->kernels, "plain, fused or both")
      ->check(CLI::IsMember({"plain", "fused", "both"}));
  command->add_option("--threads", options->threads, "CPU threads; 0: all")->check(CLI::Range(0, 1024));
  command->add_flag("--tensors", options->tensors, "A line for every parameter");
  command->footer(
      "Loss and gradients in f32 must agree to 1e-5, ten optimizer steps to 1e-4; in bf16 the gradient must be as "
      "near\n"
      "to f32 as the original's. Exit code 1 if not.\n\n"
      "Example:\n"
      "  python3 reference/model/parity/export_parity.py train_gpt.py baseline -o numbers.json\n"
      "  pgref parity --numbers numbers.json");
  command->callback([options, &action] { action = [options] { return compare(*options); }; });
}

}  // namespace pg::cli

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "reference/base/decimal.h"
#include "reference/base/text.h"
#include "reference/cli/command.h"
#include "reference/cli/terminal.h"
#include "reference/cli/training_run.h"
#include "reference/model/config.h"

namespace pg::cli {
namespace {

constexpr std::int64_t kMostThreads = 4096;

// A variable that holds a positive number; 0 if it does not.
int positive(const char* name) {
  const char* text = std::getenv(name);
  const auto value = text ? parse_int(text) : std::nullopt;
  return value && *value <= kMostThreads ? static_cast<int>(*value) : 0;
}

// This process's share of the cores, unless OpenMP has been told (torchrun does so).
int default_threads() {
  if (const int told = positive("OMP_NUM_THREADS"); told > 0) return told;
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, cores / std::max(1, positive("LOCAL_WORLD_SIZE")));
}

int run(TrainingArguments& arguments) {
  if (arguments.threads <= 0) arguments.threads = default_threads();
  at::set_num_threads(arguments.threads);
  const auto outcome = run_training(arguments);
  if (!outcome) {
    complain(outcome.error().message);
    return kExitError;
  }
  if (outcome->interrupted) {
    say(false, fmt::format("interrupted after step {}; go on with the same command and --resume", outcome->steps));
    return kExitInterrupted;
  }
  fmt::print("{}", outcome->summary);
  return kExitOk;
}

}  // namespace

void add_train_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("train", "Train a preset and leave a submission folder");
  auto a = std::make_shared<TrainingArguments>();
  command
      ->add_option("--preset", a->preset,
                   fmt::format("One of {}, or a .json file", fmt::join(model::preset_names(), ", ")))
      ->required();
  command->add_option("--out", a->out, "Folder to make")->required();
  command->add_option("--seed", a->seed, "Seed of the initial weights (default: the preset's)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--data", a->data,
                      "Folder with training and validation shards (default: the default corpus, made at first use)");
  command->add_option("--tokenizer", a->tokenizer, "SentencePiece model of the shards (default: found beside them)");
  auto* steps =
      command
          ->add_option("--steps", a->steps, "Make so many steps, whatever the clock says: the run repeats bit by bit")
          ->check(CLI::PositiveNumber);
  command->add_option("--replay", a->replay, "Schedule of another run (its schedule.txt), step by step")
      ->excludes(steps);
  command->add_flag("--resume", a->resume, "Go on from the last checkpoint in --out");
  command->add_option("--checkpoint-every", a->checkpoint_every, "Steps between checkpoints (default: the preset's)")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--keep-checkpoint", a->keep_checkpoint, "Leave the last checkpoint in the finished folder");
  command
      ->add_option("--kernels", a->kernels,
                   "plain: ATen's operations, as the originals; fused: own ones on a CPU, plain on a GPU")
      ->check(CLI::IsMember({"plain", "fused"}))
      ->capture_default_str();
  command->add_option("--precision", a->precision, "f32 or bf16 (default: bf16 on a GPU, else f32)")
      ->check(CLI::IsMember({"f32", "bf16"}));
  command->add_option("--device", a->device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command
      ->add_option("--threads", a->threads,
                   "CPU threads of this process (default: OMP_NUM_THREADS, else the cores over LOCAL_WORLD_SIZE)")
      ->check(CLI::PositiveNumber);
  command->add_option("--timeout", a->timeout_s, "Seconds to wait for other processes")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--author", a->author, "For submission.json");
  command->add_option("--github-id", a->github_id, "For submission.json");
  command->add_flag("--no-compressors", a->no_compressors, "Do not compare with xz, zstd and brotli at the end");
  command->add_flag("--quiet", a->quiet, "No progress on stderr");
  command->footer(
      "Several processes: start it with torchrun --no-python, or set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT. "
      "Ctrl-C\n"
      "ends the run with a checkpoint.\n"
      "Threads wait for each other only shortly (GOMP_SPINCOUNT=20000 unless that or OMP_WAIT_POLICY is set).\n\n"
      "Examples:\n"
      "  pgref train --preset nano --out runs/nano\n"
      "  torchrun --no-python --nproc-per-node=2 pgref train --preset nano --out runs/nano2\n"
      "  pgref train --preset nano --out runs/nano --resume");
  command->callback([&action, a] { action = [a] { return run(*a); }; });
}

}  // namespace pg::cli

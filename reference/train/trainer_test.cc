#include "reference/train/trainer.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <vector>

#include "reference/dist/spawn.h"
#include "reference/train/checkpoint.h"
#include "reference/train/trainer_fixture.h"

namespace pg::train {
namespace {

TEST_F(TrainerTest, LossFallsAndTheSecondRunLeavesTheSameBytes) {
  const auto first = run(options("a"));
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->steps, 12);
  EXPECT_LT(first->last_loss, 0.9 * std::log(61));
  EXPECT_EQ(first->averaged, "ema");
  const auto second = run(options("b"));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(checkpoint("a"), checkpoint("b"));
  EXPECT_EQ(first->last_loss, second->last_loss);
}

TEST_F(TrainerTest, KilledAtAnyStepAndResumedIsTheUninterruptedRun) {
  std::unique_ptr<model::Model> whole, resumed;
  ASSERT_TRUE(run(options("whole"), &whole).ok());
  for (const int killed_at : {5, 8, 11}) {
    const std::string name = "killed" + std::to_string(killed_at);
    const auto codes = dist::run_ranks(1, [&](int) {
      const auto never = run(options(name), nullptr, [&](model::Model&, const StepReport& r) {
        if (r.step == killed_at) ::raise(SIGKILL);
      });
      return 9;
    });
    ASSERT_EQ(codes[0], 128 + SIGKILL);
    TrainOptions again = options(name);
    again.resume = true;
    const auto outcome = run(again, &resumed);
    ASSERT_TRUE(outcome.ok()) << outcome.error().message;
    EXPECT_EQ(checkpoint("whole"), checkpoint(name));
    const auto expected = whole->state();
    for (const auto& [parameter, tensor] : resumed->state()) EXPECT_TRUE(tensor.equal(expected.at(parameter)));
    // Every step once in the log, whatever was made twice.
    const std::string log = bytes(again.log);
    for (int step = 1; step <= 12; ++step) {
      const std::string line = "step:" + std::to_string(step) + "/12 train_loss:";
      ASSERT_NE(log.find(line), std::string::npos) << log;
      EXPECT_EQ(log.find(line), log.rfind(line));
    }
  }
}

TEST_F(TrainerTest, AnInterruptSavesAndTheRunGoesOnFromThere) {
  ASSERT_TRUE(run(options("whole")).ok());
  TrainOptions o = options("stopped");
  int asked = 0;
  o.interrupted = [&] { return ++asked == 6; };
  const auto stopped = run(o);
  ASSERT_TRUE(stopped.ok());
  EXPECT_TRUE(stopped->interrupted);
  EXPECT_EQ(stopped->steps, 6);
  EXPECT_EQ(stopped->averaged, "");
  o.interrupted = {};
  o.resume = true;
  ASSERT_TRUE(run(o).ok());
  EXPECT_EQ(checkpoint("whole"), checkpoint("stopped"));
}

TEST_F(TrainerTest, ResumingAnotherRunIsRefusedWithTheField) {
  ASSERT_TRUE(run(options("a")).ok());
  const auto error = [&](TrainOptions o) {
    o.resume = true;
    const auto outcome = run(o);
    return outcome.ok() ? std::string() : outcome.error().message;
  };
  EXPECT_NE(error(options("a", 13)).find("train.iterations: 12, now 13"), std::string::npos) << error(options("a", 13));
  TrainOptions other = options("a");
  other.identity["data"]["shard"] = "b";
  EXPECT_NE(error(other).find("data.shard: \"a\", now \"b\""), std::string::npos) << error(other);
  other = options("a");
  other.optim.muon_wd = 0.5;
  EXPECT_NE(error(other).find("optim.muon_wd"), std::string::npos);
  other = options("a");
  other.train.train_log_every = 3;
  EXPECT_EQ(error(other), "");
  EXPECT_NE(error(options("nothing")).find("no "), std::string::npos);
  std::ofstream(folder_ / "a" / "checkpoint" / "checkpoint.safetensors") << "garbage";
  EXPECT_NE(error(options("a")).find("no safetensors file"), std::string::npos) << error(options("a"));
}

TEST_F(TrainerTest, ALossThatIsNoNumberEndsTheRunAndKeepsTheCheckpoint) {
  std::string good;
  const auto outcome = run(options("a"), nullptr, [&](model::Model& model, const StepReport& r) {
    if (r.step == 5) good = checkpoint("a");
    const at::NoGradGuard no_grad;
    if (r.step == 7) model.parameters()[0].tensor.fill_(std::numeric_limits<float>::quiet_NaN());
  });
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().message.find("the loss of step 8 is not a number"), std::string::npos)
      << outcome.error().message;
  EXPECT_EQ(checkpoint("a"), good);
  EXPECT_EQ(load_checkpoint(folder_ / "a" / "checkpoint")->step, 4);
}

// The loss of a step is of the weights before it: what its update breaks shows in the next one only.
TEST_F(TrainerTest, WeightsThatAreNoNumbersDoNotReplaceTheCheckpoint) {
  const auto outcome = run(options("a"), nullptr, [&](model::Model& model, const StepReport& r) {
    const at::NoGradGuard no_grad;
    if (r.step == 8) model.parameters()[2].tensor.view(-1)[3].fill_(std::numeric_limits<float>::infinity());
  });
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().message.find("step 8 left numbers in "), std::string::npos) << outcome.error().message;
  EXPECT_EQ(load_checkpoint(folder_ / "a" / "checkpoint")->step, 4);
}

TEST_F(TrainerTest, AFullDiskEndsTheRunAndKeepsTheCheckpoint) {
  const auto codes = dist::run_ranks(1, [&](int) {
    ::signal(SIGXFSZ, SIG_IGN);
    const auto outcome = run(options("a"), nullptr, [&](model::Model&, const StepReport& r) {
      const rlimit limit{20000, 20000};  // bytes of a file; the checkpoint needs more
      if (r.step == 5) ::setrlimit(RLIMIT_FSIZE, &limit);
    });
    if (outcome.ok()) return 2;
    const std::string& text = outcome.error().message;
    if (text.find("cannot write") == std::string::npos || text.find("untouched") == std::string::npos) {
      std::fprintf(stderr, "%s\n", text.c_str());
      return 3;
    }
    return 0;
  });
  EXPECT_EQ(codes[0], 0);
  EXPECT_EQ(load_checkpoint(folder_ / "a" / "checkpoint")->step, 4);
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "a" / "checkpoint")) files += entry.exists() ? 1 : 0;
  EXPECT_EQ(files, 2) << "the checkpoint and its progress, no temporary file";
  TrainOptions again = options("a");
  again.resume = true;
  EXPECT_TRUE(run(again).ok());
}

TEST_F(TrainerTest, TheClockStopsTheRunAndItsScheduleCanBeReplayed) {
  TrainOptions o = options("clock", 1'000'000);
  o.train.max_wallclock_seconds = 1.3;
  o.train.gptq_reserve_seconds = 0.3;
  const auto outcome = run(o);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_TRUE(outcome->reached_cap);
  EXPECT_GE(outcome->train_time_ms, 1000);
  EXPECT_LT(outcome->train_time_ms, 4000);
  EXPECT_LT(outcome->decisions.back().multiplier, 0.9);
  EXPECT_NE(bytes(o.log).find("stopping_early: wallclock_cap train_time:"), std::string::npos);
  EXPECT_NE(bytes(o.log).find("layer_loop:enabled step:"), std::string::npos);
  TrainOptions replay = options("replay", 1'000'000);
  replay.train = o.train;
  replay.replay = outcome->decisions;
  const auto again = run(replay);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->steps, outcome->steps);
  EXPECT_EQ(again->last_loss, outcome->last_loss);
}

TEST_F(TrainerTest, TheExponentialAverageIsOfTheWeightsAfterEveryStep) {
  auto initial = model::Model::create(tiny_model(), {c10::kCPU, model::Precision::kF32, model::Kernels::kPlain}, 5);
  const std::string name = (*initial)->parameters()[1].name;
  at::Tensor expected = (*initial)->parameters()[1].tensor.detach().to(at::kDouble);
  TrainOptions o = options("ema");
  std::unique_ptr<model::Model> trained;
  // The report comes after the average took the step's weights.
  ASSERT_TRUE(run(o, &trained, [&](model::Model& model, const StepReport&) {
                expected = 0.9 * expected + 0.1 * model.parameters()[1].tensor.detach().to(at::kDouble);
              }).ok());
  EXPECT_LT((trained->state().at(name).to(at::kDouble) - expected).abs().max().item<double>(), 1e-6);
}

// Multipliers of the last steps are 0.67, 0.5, 0.33, 0.17: four snapshots; the first two lie behind the checkpoint.
TEST_F(TrainerTest, TheMeanOfSnapshotsIsOfThoseBelowItsStartAlsoWhenResumed) {
  TrainOptions o = options("swa");
  o.train.swa_every = 1;
  o.train.swa_start = 0.7;
  const std::string name = (*model::Model::create(tiny_model(), {}, 5))->parameters()[1].name;
  at::Tensor sum;
  std::unique_ptr<model::Model> whole, resumed;
  const auto outcome = run(o, &whole, [&](model::Model& model, const StepReport& r) {
    const at::Tensor now = model.parameters()[1].tensor.detach().to(at::kDouble, false, true);
    if (r.step == 9) sum = now;
    if (r.step > 9) sum = sum + now;
  });
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->averaged, "swa");
  EXPECT_LT((whole->state().at(name).to(at::kDouble) - 0.25 * sum).abs().max().item<double>(), 1e-6);

  TrainOptions again = options("swa_resumed");
  again.train = o.train;
  int asked = 0;
  again.interrupted = [&] { return ++asked == 10; };
  ASSERT_TRUE(run(again)->interrupted);
  again.interrupted = {};
  again.resume = true;
  ASSERT_TRUE(run(again, &resumed).ok());
  EXPECT_TRUE(resumed->state().at(name).equal(whole->state().at(name)));
}

TEST_F(TrainerTest, AResumedRunUnderACapHasTheTimeBehindItThatItHad) {
  TrainOptions o = options("clock", 1'000'000);
  o.train.max_wallclock_seconds = 1;
  o.train.warmdown_frac = 0.9;
  o.train.checkpoint_every = 0;
  double elapsed_ms = 0;
  o.interrupted = [&] { return elapsed_ms > 600; };
  const auto stopped = run(o, nullptr, [&](model::Model&, const StepReport& r) { elapsed_ms = r.elapsed_ms; });
  ASSERT_TRUE(stopped.ok()) << stopped.error().message;
  ASSERT_TRUE(stopped->interrupted);
  o.interrupted = {};
  o.resume = true;
  const auto outcome = run(o);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_TRUE(outcome->reached_cap);
  EXPECT_GE(outcome->train_time_ms, 1000);
  const auto& all = outcome->decisions;
  ASSERT_GT(all.size(), stopped->decisions.size());
  EXPECT_LT(all[stopped->decisions.size()].multiplier, 0.5) << "600 of 1000 ms are gone";
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LE(all[i].multiplier, all[i - 1].multiplier) << i;
}

// The originals' clock stands still for validation only.
TEST_F(TrainerTest, CheckpointsCountUnderACap) {
  TrainOptions o = options("clock", 1'000'000);
  o.train.max_wallclock_seconds = 0.5;
  o.train.checkpoint_every = 1;  // takes longer than a step
  struct Times {
    std::chrono::steady_clock::time_point wall;
    double elapsed_ms = 0;
  };
  std::vector<Times> after;
  const auto outcome = run(o, nullptr, [&](model::Model&, const StepReport& r) {
    after.push_back({std::chrono::steady_clock::now(), r.elapsed_ms});
  });
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  ASSERT_GT(after.size(), 3U);
  const double wall_ms = std::chrono::duration<double, std::milli>(after.back().wall - after.front().wall).count();
  EXPECT_GT(after.back().elapsed_ms - after.front().elapsed_ms, 0.98 * wall_ms);
}

TEST_F(TrainerTest, TwoThreadsLeaveTheSameBytesTwice) {
  model::Config wide = tiny_model();  // the optimizers' passes share 32,768 elements and more
  wide.dim = 64;
  wide.hidden = 512;
  at::set_num_threads(2);
  const auto first = run(options("a"), nullptr, {}, wide), second = run(options("b"), nullptr, {}, wide);
  at::set_num_threads(1);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(checkpoint("a"), checkpoint("b"));
}

TEST_F(TrainerTest, AResumedRunSaysWhatIsNotAsItWas) {
  TrainOptions o = options("a");
  int asked = 0;
  o.interrupted = [&] { return ++asked == 6; };
  ASSERT_TRUE(run(o).ok());
  fs::remove(o.log);
  o.interrupted = {};
  o.resume = true;
  std::string said;
  o.notice = [&](const std::string& text) { said += text + "\n"; };
  at::set_num_threads(2);
  const auto outcome = run(o);
  at::set_num_threads(1);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_NE(said.find("train.log is shorter than it was"), std::string::npos) << said;
  EXPECT_NE(said.find("made with 1 threads, this is 2"), std::string::npos) << said;
  // A run that is complete: its last loss is the one that it had.
  const auto complete = run(o);
  ASSERT_TRUE(complete.ok());
  EXPECT_EQ(complete->last_loss, outcome->last_loss);
  EXPECT_NE(complete->last_loss, 0);
}

TEST_F(TrainerTest, AnotherReplayOfTheSameLengthIsAnotherRun) {
  TrainOptions o = options("a");
  o.replay.assign(12, {1, false});
  ASSERT_TRUE(run(o).ok());
  o.resume = true;
  ASSERT_TRUE(run(o).ok());
  o.replay[3].multiplier = 0.5;
  const auto outcome = run(o);
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().message.find("replay_sha256"), std::string::npos) << outcome.error().message;
}

}  // namespace
}  // namespace pg::train

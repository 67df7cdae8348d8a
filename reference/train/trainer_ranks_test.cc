// Training in several processes.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "reference/dist/spawn.h"
#include "reference/train/trainer.h"
#include "reference/train/trainer_fixture.h"

namespace pg::train {
namespace {

const std::vector<int> kTwoWell(2, 0);

// Decisions and weights of a rank, to the last bit.
void write_bits(const fs::path& file, const TrainOutcome& outcome, model::Model& model) {
  std::ofstream out(file, std::ios::binary);
  out << Schedule::text(outcome.decisions);
  for (const auto& [name, tensor] : model.state())
    out.write(static_cast<const char*>(tensor.const_data_ptr()), static_cast<std::streamsize>(tensor.nbytes()));
}

std::vector<double> losses(const std::string& log) {
  std::vector<double> out;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) out.push_back(std::stod(line));
  return out;
}

// The same batch of a step, cut differently: what differs is the order of f32 sums over micro-batches and ranks, which
// every step amplifies a little. Measured over 12 steps: 8e-8; a loss printed with f32's 24 bits has 6e-8.
TEST_F(TrainerTest, OneTwoAndFourProcessesHaveTheSameLosses) {
  std::vector<double> one;
  for (const int world : {1, 2, 4}) {
    const fs::path file = folder_ / ("losses" + std::to_string(world));
    const auto codes = dist::run_ranks(world, [&](int rank) {
      std::ofstream out;
      if (rank == 0) out.open(file);
      out.precision(17);
      TrainOptions o = options("world" + std::to_string(world));
      const auto outcome = run(o, nullptr, [&](model::Model&, const StepReport& r) { out << r.loss << "\n"; });
      if (!outcome.ok()) std::fprintf(stderr, "%s\n", outcome.error().message.c_str());
      return outcome.ok() ? 0 : 1;
    });
    ASSERT_EQ(codes, std::vector<int>(static_cast<std::size_t>(world), 0));
    const auto now = losses(bytes(file));
    ASSERT_EQ(now.size(), 12U);
    if (world == 1) one = now;
    double largest = 0;
    for (std::size_t i = 0; i < one.size(); ++i) largest = std::max(largest, std::abs(now[i] - one[i]) / one[i]);
    EXPECT_LT(largest, 1e-6) << world;
    std::printf("%d processes: largest relative difference of a loss %.2e\n", world, largest);
  }
}

TEST_F(TrainerTest, AFullDiskOnRank0EndsEveryRank) {
  const auto codes = dist::run_ranks(2, [&](int rank) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{20000, 20000};
    if (rank == 0) ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto outcome = run(options("two"));
    if (outcome.ok()) return 2;
    return outcome.error().message.find(rank == 0 ? "cannot write" : "another process stopped") != std::string::npos
               ? 0
               : 3;
  });
  EXPECT_EQ(codes, std::vector<int>(2, 0));
}

// Every rank has a clock of its own; rank 0's has to decide.
TEST_F(TrainerTest, UnderACapAllRanksTakeTheSameSteps) {
  const auto codes = dist::run_ranks(2, [&](int rank) {
    TrainOptions o = options("clock", 1'000'000);
    o.train.max_wallclock_seconds = 0.5;
    o.train.warmdown_frac = 0.9;
    o.train.ema_decay = 0;
    std::unique_ptr<model::Model> model;
    const auto outcome = run(o, &model);
    if (!outcome.ok()) return 1;
    write_bits(folder_ / std::to_string(rank), *outcome, *model);
    return outcome->reached_cap ? 0 : 2;
  });
  ASSERT_EQ(codes, kTwoWell);
  EXPECT_TRUE(bytes(folder_ / "0") == bytes(folder_ / "1"));  // too long to print
}

// One rank is asked to end, all do; what they go on from has every rank's momentum, also where a bank's three matrices
// are padded to four.
TEST_F(TrainerTest, OneRanksInterruptEndsAllAndTheyGoOnToTheSameBytes) {
  for (const optim::MuonForm form : {optim::MuonForm::kRoundRobin, optim::MuonForm::kSharded}) {
    const std::string kind = form == optim::MuonForm::kSharded ? "sharded" : "round_robin";
    const auto train_two = [&](const std::string& name, bool resume, int interrupt_at) {
      return dist::run_ranks(2, [&](int rank) {
        TrainOptions o = options(name);
        o.optim.muon_form = form;
        o.resume = resume;
        int asked = 0;
        o.interrupted = [&] { return ++asked == interrupt_at && rank == 1; };
        std::unique_ptr<model::Model> model;
        const auto outcome = run(o, &model);
        if (!outcome.ok()) {
          std::fprintf(stderr, "%s\n", outcome.error().message.c_str());
          return 1;
        }
        write_bits(folder_ / (name + std::to_string(rank)), *outcome, *model);
        return outcome->interrupted == (interrupt_at > 0) && (interrupt_at == 0 || outcome->steps == interrupt_at) ? 0
                                                                                                                   : 2;
      });
    };
    ASSERT_EQ(train_two(kind + "_whole", false, 0), kTwoWell);
    ASSERT_EQ(train_two(kind + "_stopped", false, 6), kTwoWell);
    ASSERT_EQ(train_two(kind + "_stopped", true, 0), kTwoWell);
    EXPECT_EQ(checkpoint(kind + "_whole"), checkpoint(kind + "_stopped"));
    for (const char* name : {"_whole1", "_stopped0", "_stopped1"})
      EXPECT_TRUE(bytes(folder_ / (kind + "_whole0")) == bytes(folder_ / (kind + name))) << kind << name;
  }
}

// In the sharded form each rank clips its own gradients (optim.md 1.4), so with clipping that bites its losses are
// others; without, they are those of the other form up to the order of sums.
TEST_F(TrainerTest, TheShardedFormDiffersOverRanksByItsLocalClippingOnly) {
  const auto losses_of = [&](optim::MuonForm form, double clip) {
    const fs::path file = folder_ / "losses";
    const auto codes = dist::run_ranks(2, [&](int rank) {
      std::ofstream out;
      if (rank == 0) out.open(file);
      out.precision(17);
      TrainOptions o = options("form");
      o.optim.muon_form = form;
      o.optim.grad_clip_norm = clip;
      return run(o, nullptr, [&](model::Model&, const StepReport& r) { out << r.loss << "\n"; }).ok() ? 0 : 1;
    });
    EXPECT_EQ(codes, kTwoWell);
    return losses(bytes(file));
  };
  const auto largest = [](const std::vector<double>& a, const std::vector<double>& b) {
    double out = a.size() == b.size() && a.size() == 12 ? 0 : INFINITY;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) out = std::max(out, std::abs(a[i] - b[i]) / a[i]);
    return out;
  };
  using enum optim::MuonForm;
  EXPECT_LT(largest(losses_of(kRoundRobin, 0), losses_of(kSharded, 0)), 1e-6);
  EXPECT_GT(largest(losses_of(kRoundRobin, 0.01), losses_of(kSharded, 0.01)), 1e-6);
}

}  // namespace
}  // namespace pg::train

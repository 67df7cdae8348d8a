#include "reference/train/schedule.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "reference/train/flops.h"

namespace pg::train {
namespace {

Config capped(double warmdown_frac) {
  Config c;
  c.max_wallclock_seconds = 600;
  c.warmdown_frac = warmdown_frac;
  return c;
}

TEST(Schedule, BaselineWarmsDownOverTheTimeOfItsLastIterations) {
  const Schedule s(capped(-1));  // 1200 iterations; at 40 ms each: the last 48 s
  EXPECT_DOUBLE_EQ(s.decide(0, 0).multiplier, 1);
  EXPECT_DOUBLE_EQ(s.decide(1000, 40000).multiplier, 1);
  EXPECT_DOUBLE_EQ(s.decide(13800, 552000).multiplier, 1);
  EXPECT_DOUBLE_EQ(s.decide(14400, 576000).multiplier, 0.5);
  EXPECT_DOUBLE_EQ(s.decide(15000, 600100).multiplier, 0);
}

TEST(Schedule, BaselineWithoutACapCountsSteps) {
  Config c;
  c.max_wallclock_seconds = 0;
  c.iterations = 2000;
  const Schedule s(c);
  EXPECT_FALSE(s.by_clock());
  EXPECT_DOUBLE_EQ(s.decide(799, 1e9).multiplier, 1);
  EXPECT_DOUBLE_EQ(s.decide(1400, 0).multiplier, 0.5);
  EXPECT_DOUBLE_EQ(s.decide(1999, 0).multiplier, 1.0 / 1200);
}

TEST(Schedule, Pr1394KeepsItsReserveAndEndsAtItsFloor) {
  Config c = capped(0.667);
  c.gptq_reserve_seconds = 12;
  c.min_lr = 0.1;
  const Schedule s(c);
  EXPECT_DOUBLE_EQ(s.cap_ms(), 588000);
  EXPECT_DOUBLE_EQ(s.decide(5, 0.333 * 588000 - 1).multiplier, 1);
  EXPECT_DOUBLE_EQ(s.decide(5, 0.6665 * 588000).multiplier, (1 - 0.6665) / 0.667);
  EXPECT_DOUBLE_EQ(s.decide(5, 588000).multiplier, 0.1);
  EXPECT_FALSE(s.decide(5, 293999).looping);
  EXPECT_TRUE(s.decide(5, 294000).looping);
}

TEST(Schedule, WarmUpIsLinearFromOneNth) {
  Config c = capped(0);
  c.lr_warmup_steps = 4;
  const Schedule s(c);
  EXPECT_DOUBLE_EQ(s.decide(0, 0).multiplier, 0.25);
  EXPECT_DOUBLE_EQ(s.decide(3, 0).multiplier, 1);
  EXPECT_DOUBLE_EQ(s.decide(9, 0).multiplier, 1);
}

TEST(Schedule, ARecordedRunIsReplayedWhateverTheClock) {
  const std::vector<Decision> run = {{1, false}, {0.1234567890123456789, false}, {1.0 / 3, true}};
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "schedule.txt";
  std::ofstream(path) << Schedule::text(run);
  auto again = Schedule::read(path);
  ASSERT_TRUE(again.ok());
  Schedule s(capped(0.5));
  s.replay(*again);
  EXPECT_EQ(s.iterations(), 3);
  EXPECT_FALSE(s.by_clock());
  for (std::size_t i = 0; i < run.size(); ++i) {
    EXPECT_EQ(s.decide(static_cast<std::int64_t>(i), 599999).multiplier, run[i].multiplier);
    EXPECT_EQ(s.decide(static_cast<std::int64_t>(i), 0).looping, run[i].looping);
  }
  std::ofstream(path) << "0 1 0\n2 1 0\n";
  const auto broken = Schedule::read(path);
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.error().message.find("for step 1"), std::string::npos) << broken.error().message;
}

// #1394 before and after its loops are on, and the baseline: the table of FLOPs that records' logs are compared by.
TEST(Flops, CountEveryRunOfABlockAndTheHeadOnce) {
  const auto preset = [](const char* name) {
    return *model::config_from_json(model::load_preset(name)->at("model"), name);
  };
  EXPECT_NEAR(flops_per_token(preset("pr1394"), false, 2048), 285e6, 0.5e6);
  EXPECT_NEAR(flops_per_token(preset("baseline"), false, 1024), 6 * (17.04e6 + 9 * 512 * 1024), 0.5e6);
  // Four more runs of a block of 2,883,584 weights: 15 instead of 11.
  const double more = flops_per_token(preset("pr1394"), true, 2048) - flops_per_token(preset("pr1394"), false, 2048);
  EXPECT_DOUBLE_EQ(more, 6.0 * 4 * (2 * 512 * 512 + 2 * 512 * 256 + 2 * 512 * 2048 + 512 * 2048));
  // 0.966 M tokens per second and GPU are 27.8 % of an H100; 0.701 M with loops are 26.9 %.
  const double peak = peak_flops("NVIDIA H100 80GB HBM3");
  EXPECT_NEAR(0.966e6 * flops_per_token(preset("pr1394"), false, 2048) / peak, 0.278, 5e-4);
  EXPECT_NEAR(0.701e6 * flops_per_token(preset("pr1394"), true, 2048) / peak, 0.269, 5e-4);
}

TEST(Flops, ATableThatIsOnlyLookedUpCostsNothing) {
  model::Config tied;
  model::Config untied = tied;
  untied.tie_embeddings = false;  // the head is a matrix of its own then, of the same size
  EXPECT_DOUBLE_EQ(flops_per_token(tied, false, 1024), flops_per_token(untied, false, 1024));
}

TEST(Flops, OnlyKnownGpusHaveAPeak) {
  EXPECT_EQ(peak_flops("NVIDIA H200"), 989.4e12);
  for (const char* other : {"NVIDIA H100 PCIe", "NVIDIA H100 NVL", "NVIDIA GH200 480GB", "NVIDIA A100-SXM4-80GB",
                            "NVIDIA H100 80GB HBM3 MIG 1g.10gb", ""})
    EXPECT_EQ(peak_flops(other), 0) << other;
}

TEST(TrainConfig, ReadsWhatItWritesAndRefusesWhatCannotBe) {
  Config c;
  c.ema_decay = 0.997;
  c.warmdown_frac = 0.667;
  const auto again = config_from_json(to_json(c), "here");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(to_json(*again), to_json(c));
  const auto error = [](const char* text) {
    const auto result = config_from_json(nlohmann::json::parse(text), "preset x");
    return result.ok() ? std::string() : result.error().message;
  };
  EXPECT_NE(error(R"({"iteration": 5})").find("no field is named \"iteration\""), std::string::npos);
  EXPECT_NE(error(R"({"train_batch_tokens": 1000})").find("not a multiple of"), std::string::npos);
  EXPECT_NE(error(R"({"gptq_reserve_seconds": 600})").find("leaves nothing"), std::string::npos);
  EXPECT_TRUE(check_world(c, 4).ok());
  EXPECT_NE(check_world(c, 3).error().message.find("divides 8"), std::string::npos);
}

}  // namespace
}  // namespace pg::train

#include "verify/submission/seed_sample.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/submission/roles.h"
#include "verify/submission/submission.h"

namespace pg::verify {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string log_of(int seed, const char* loss, const char* bpb) {
  return fmt::format(
      "Hyperparameters:\n  seed: {}\n4550/20000 val_loss: 2.8131 val_bpb: 1.0890\nstopping_early: wallclock_cap "
      "train_time: 588047ms step: 4550/20000\nquantized_ttt val_loss:{} val_bpb:{} eval_time:368074ms\n",
      seed, loss, bpb);
}

Submission folder(const std::vector<std::string>& logs, std::string_view json) {
  Submission s;
  s.name = "sample";
  s.metadata = parse_metadata("submission.json", json);
  for (std::size_t i = 0; i < logs.size(); ++i)
    s.logs.push_back(read_log_text(fmt::format("train_{}.log", i), logs[i]));
  assign_roles(s);
  return s;
}

SeedScore score(std::int64_t seed, double bpb, double loss, int decimals = 8) {
  return {seed, bpb, loss, decimals};
}

SeedSample examined(std::vector<SeedScore> scores) {
  SeedSample sample;
  sample.scores = std::move(scores);
  examine_sample(sample);
  return sample;
}

TEST(SeedSample, TakesLogsBeforeClaimsAndTheRatioWithThem) {
  const Submission s =
      folder({log_of(42, "2.79180203", "1.08079352"), log_of(314, "2.79241542", "1.08103103")},
             R"({"val_bpb": 1.0809, "seed_results": {"42": {"val_bpb": 1.0808}, "314": {"val_bpb": 1.0810}}})");
  const SeedSample sample = seed_sample(s);
  EXPECT_EQ(sample.source, SeedSample::Source::logged);
  EXPECT_THAT(sample.bpb(), ElementsAre(1.08079352, 1.08103103));
  EXPECT_NEAR(sample.ratio.value(), 2.583104, 2e-6);
  EXPECT_THAT(sample.objections, IsEmpty());
  const SeedSample claimed = claimed_sample(s);
  EXPECT_THAT(claimed.bpb(), ElementsAre(1.0808, 1.0810));
  EXPECT_NEAR(claimed.ratio.value(), 2.583104, 2e-6) << "of the logs: the claim states no losses";
}

TEST(SeedSample, FallsBackToTheClaimsWhereLogsAreMissing) {
  const Submission s = folder(
      {},
      R"({"seed_results": {"1": {"val_bpb": 1.08, "val_loss": 2.789}, "2": {"val_bpb": 1.09, "val_loss": 2.815}}})");
  const SeedSample sample = seed_sample(s);
  EXPECT_EQ(sample.source, SeedSample::Source::claimed);
  EXPECT_EQ(sample.scores.size(), 2u);
  EXPECT_TRUE(sample.ratio);
  EXPECT_THAT(seed_sample(folder({}, "{}")).scores, IsEmpty());
}

TEST(SeedSample, ObjectsToCopiesAndLeavesRoundingAlone) {
  EXPECT_THAT(examined({score(1, 1.08079352, 2.7918), score(2, 1.08079352, 2.7918)}).objections,
              ElementsAre(HasSubstr("1.08079352, the same to the last digit")));
  const SeedSample coarse = examined({score(1, 1.0808, 2.7918, 4), score(2, 1.0808, 2.7918, 4)});
  EXPECT_THAT(coarse.objections, IsEmpty());
  EXPECT_THAT(coarse.notes, ElementsAre(HasSubstr("to 4 decimals that can be chance")));
  EXPECT_THAT(examined({score(7, 1.0807, 2.79), score(7, 1.0809, 2.79), score(7, 1.0808, 2.79)}).objections,
              ElementsAre(HasSubstr("seed 7 stands twice")));
}

TEST(SeedSample, SeesRunsOfSeveralTokenizers) {
  const SeedSample sample = examined({score(1, 1.08, 1.08 * 2.583104), score(2, 1.08001, 1.08001 * 2.301027)});
  EXPECT_TRUE(sample.mixed);
  EXPECT_THAT(sample.objections, ElementsAre(HasSubstr("different tokenizers")));
  EXPECT_FALSE(examined({score(1, 1.08, 1.08 * 2.583104), score(2, 1.081, 1.081 * 2.583187)}).mixed);
}

TEST(SeedSample, RatiosOfNoUseAreNone) {
  EXPECT_FALSE(examined({score(1, 0, 2.7), score(2, -1, 2.7)}).ratio);
  EXPECT_FALSE(examined({{1, 1.08, std::nullopt, 8}}).ratio);
  SeedSample sample;
  sample.scores = {{1, 1.08, std::nullopt, 8}};
  examine_sample(sample, 2.5);
  EXPECT_EQ(sample.ratio, 2.5);
}

}  // namespace
}  // namespace pg::verify

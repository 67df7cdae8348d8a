#include "verify/stats/significance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "verify/policy/policy.h"

namespace pg::verify {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr double kSp8192 = 2.583104, kSp4096 = 2.301027;

SeedSample sample(const std::vector<double>& scores, std::optional<double> ratio) {
  SeedSample s;
  s.source = SeedSample::Source::given;
  std::int64_t seed = 1;
  for (const double score : scores)
    s.scores.push_back({seed++, score, ratio ? std::optional(score * *ratio) : std::nullopt, 8});
  examine_sample(s);
  return s;
}

// #1514 over #1493: 0.00117 bpb better, p 0.020.
const std::vector<double> kNew = {1.07928348, 1.07996676, 1.08024795}, kOld = {1.08079, 1.08103, 1.08118};

StatisticsPolicy policy(const char* name = "practice-2026-04") {
  return *load_policy(name)->statistics;
}

TEST(Significance, EvaluatesEveryReadingAndLetsThePolicyDecide) {
  const SeedSample a = sample(kNew, kSp8192), b = sample(kOld, kSp8192);
  const Significance practice = compare(a, b, policy()), readme = compare(a, b, policy("readme-2026-03"));
  ASSERT_EQ(practice.readings.size(), 5u);
  std::vector<std::string> passing;
  for (const ReadingOutcome& r : practice.readings) {
    EXPECT_TRUE(r.outcome) << r.outcome.reason;
    if (r.passes) passing.push_back(r.reading.name);
  }
  EXPECT_THAT(passing, UnorderedElementsAre("applied"));
  EXPECT_EQ(practice.verdict(), Verdict::pass);
  EXPECT_EQ(readme.verdict(), Verdict::fail);
  EXPECT_NEAR(practice.deciding().test.p, 0.02041677, 5e-9);
  EXPECT_NEAR(readme.deciding().margin.value(), 0.005 / kSp8192, 1e-12);
  EXPECT_NEAR(practice.readings[4].margin.value(), 0.0072135, 1e-7) << "nats per byte";
}

TEST(Significance, GivesTheDifferenceInEveryUnitThatExists) {
  const Significance same = compare(sample(kNew, kSp8192), sample(kOld, kSp8192), policy());
  EXPECT_NEAR(same.delta.value(), -0.00116727, 1e-8);
  EXPECT_NEAR(same.delta_nats_per_token.value(), -0.00116727 * kSp8192, 1e-7);
  EXPECT_NEAR(same.delta_nats_per_byte.value(), -0.00116727 * std::log(2), 1e-8);
  EXPECT_LT(same.ci99->low, same.delta.value());
  EXPECT_GT(same.ci99->high, 0) << "not significant at 0.005";
  EXPECT_THAT(same.notes, IsEmpty());
}

TEST(Significance, RefusesNatsPerTokenAcrossTokenizersButTestsTheOwnMargin) {
  const Significance s = compare(sample(kNew, kSp8192), sample(kOld, kSp4096), policy("readme-2026-03"));
  EXPECT_FALSE(s.delta_nats_per_token) << "no such difference exists";
  EXPECT_TRUE(s.delta_nats_per_byte);
  EXPECT_NEAR(s.deciding().margin.value(), 0.005 / kSp8192, 1e-12) << "by the new run's own ratio";
  EXPECT_EQ(s.deciding().passes_by_old_ratio, false);
  ASSERT_EQ(s.notes.size(), 1u);
  EXPECT_THAT(s.notes[0], HasSubstr("two tokenizers"));
}

TEST(Significance, SaysSoWhereTheTwoRatiosGiveOppositeAnswers) {
  const std::vector<double> better = {1.0700, 1.0701, 1.0702}, before = {1.0730, 1.0735, 1.0740};
  StatisticsPolicy p = policy("readme-2026-03");
  const Significance s = compare(sample(better, kSp8192), sample(before, kSp4096), p);
  const double by_new = s.deciding().test.p;
  p.readings[p.decides].alpha = by_new * 1.001;
  const Significance edge = compare(sample(better, kSp8192), sample(before, kSp4096), p);
  EXPECT_TRUE(edge.deciding().passes);
  EXPECT_EQ(edge.deciding().passes_by_old_ratio, false);
  EXPECT_THAT(edge.notes.back(), HasSubstr("opposite answer"));
}

TEST(Significance, WithoutTheRunsOwnRatioAMarginInNatsPerTokenIsNotDecided) {
  const Significance s = compare(sample(kNew, {}), sample(kOld, kSp8192), policy("readme-2026-03"));
  EXPECT_EQ(s.verdict(), Verdict::inconclusive);
  EXPECT_EQ(s.deciding().outcome.code, stats::Code::unit);
  EXPECT_THAT(s.reason(), HasSubstr("another tokenizer's factor would be wrong"));
  EXPECT_TRUE(s.readings[0].outcome) << "a margin of zero needs no factor";
}

TEST(Significance, BadSamplesAreNotDecidedWhateverTheNumbersSay) {
  const SeedSample good = sample({1.2, 1.21, 1.22}, kSp8192);
  const Significance copied = compare(sample({1.07928348, 1.07928348, 1.08}, kSp8192), good, policy());
  EXPECT_EQ(copied.verdict(), Verdict::inconclusive);
  EXPECT_EQ(copied.outcome.code, stats::Code::duplicate);
  EXPECT_THAT(copied.reason(), HasSubstr("new sample: two runs score 1.07928348"));
  const Significance single = compare(sample({1.07}, kSp8192), good, policy());
  EXPECT_EQ(single.verdict(), Verdict::inconclusive);
  EXPECT_THAT(single.reason(), HasSubstr("1 value"));
  EXPECT_TRUE(single.delta) << "the difference itself is known";
  const Significance nothing = compare(sample({}, {}), sample({}, {}), policy());
  EXPECT_EQ(nothing.verdict(), Verdict::inconclusive);
  EXPECT_FALSE(nothing.delta);
  SeedSample mixed = good;
  mixed.scores[0].val_loss = mixed.scores[0].val_bpb * kSp4096;
  mixed.objections.clear();
  examine_sample(mixed);
  EXPECT_EQ(compare(mixed, good, policy()).outcome.code, stats::Code::mixed);
}

TEST(Significance, PlansAndProbesAroundTheDecision) {
  const Significance s = compare(sample(kNew, kSp8192), sample(kOld, kSp8192), policy("readme-2026-03"));
  const ReadingOutcome& no_margin = s.readings[1];
  EXPECT_NEAR(no_margin.critical_gain.value(), 0.0022, 5e-5);
  EXPECT_GT(no_margin.detectable_gain.value(), no_margin.critical_gain.value());
  EXPECT_GT(no_margin.seeds_each.value(), 3u);
  EXPECT_FALSE(s.deciding().seeds_each) << "the observed gain is inside the margin: no number of seeds shows it";
  EXPECT_EQ(s.permutation.outcome.code, stats::Code::not_attainable);
  EXPECT_TRUE(s.leave_one_out.outcome);
  EXPECT_LE(s.leave_one_out.lowest_p, s.deciding().test.p);
  EXPECT_GE(s.leave_one_out.highest_p, s.deciding().test.p);
  EXPECT_EQ(s.worst_new, 1.08024795);
  EXPECT_FALSE(s.worst_new_beats);
  EXPECT_TRUE(s.fixed_sigma);
}

TEST(Significance, TestsAloneGiveTheSameAnswers) {
  const SeedSample a = sample(kNew, kSp8192), b = sample(kOld, kSp8192);
  const Significance full = compare(a, b, policy()), quick = compare(a, b, policy(), stats::Unit::bpb, Detail::tests);
  for (std::size_t i = 0; i < full.readings.size(); ++i) EXPECT_EQ(full.readings[i].test.p, quick.readings[i].test.p);
  EXPECT_EQ(full.verdict(), quick.verdict());
  EXPECT_FALSE(quick.deciding().detectable_gain);
}

TEST(Significance, LossesAreComparedInTheirOwnUnit) {
  const Significance s = compare(sample({2.790, 2.791, 2.792}, {}), sample({2.800, 2.801, 2.803}, {}),
                                 policy("readme-2026-03"), stats::Unit::nats_per_token);
  EXPECT_EQ(s.deciding().margin, 0.005);
  EXPECT_TRUE(s.deciding().outcome);
  EXPECT_FALSE(s.readings[3].outcome) << "0.005 bpb cannot be converted";
  EXPECT_FALSE(s.deciding().critical_gain) << "nor can the pooled deviation";
}

TEST(Significance, OneSampleAndZTestsAreReadingsToo) {
  StatisticsPolicy p = policy();
  p.readings[0].test = StatTest::one_sample;
  const Significance bar = compare(sample(kNew, kSp8192), sample(kOld, kSp8192), p);
  EXPECT_EQ(bar.deciding().test.df, 2);
  EXPECT_TRUE(bar.deciding().detectable_gain);
  EXPECT_FALSE(bar.deciding().seeds_each) << "a fixed bar has no seeds to add";
  EXPECT_TRUE(bar.deciding().seeds_new);
  p.readings[0].test = StatTest::fixed_sigma;
  const Significance z = compare(sample(kNew, kSp8192), sample(kOld, kSp8192), p);
  EXPECT_TRUE(std::isinf(z.deciding().test.df));
  EXPECT_NEAR(z.deciding().test.p, z.fixed_sigma->p, 1e-15);
  EXPECT_NEAR(z.deciding().critical_gain.value() / p.sigma_bpb, 0.5507, 1e-3) << "0.6745 * sqrt(2/3), at p < 0.25";
  EXPECT_TRUE(z.deciding().seeds_each);
}

TEST(Significance, ABarIsNoRun) {
  StatisticsPolicy p = policy();
  const SeedSample runs = sample(kNew, kSp8192);
  const Significance welch = compare_with_bar(runs, 1.081, p);
  EXPECT_EQ(welch.verdict(), Verdict::inconclusive);
  EXPECT_THAT(welch.reason(), HasSubstr("a bar is one fixed number"));
  EXPECT_EQ(welch.permutation.arrangements, 8u) << "2^3 sign flips, not 4 choose 1 permutations";
  p.readings[0].test = StatTest::fixed_sigma;
  const ReadingOutcome z = compare_with_bar(runs, 1.081, p).readings[0];
  EXPECT_NEAR(z.test.standard_error, p.sigma_bpb / std::sqrt(3.0), 1e-15) << "the bar adds no variance";
}

}  // namespace
}  // namespace pg::verify

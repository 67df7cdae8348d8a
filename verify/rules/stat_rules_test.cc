#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/sample_submission.h"
#include "verify/rules/stat_significance.h"

namespace pg::verify {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

Policy policy(const char* name = "practice-2026-04") {
  return *load_policy(name);
}

SeedSample baseline(std::vector<double> scores, double ratio = 2.583104) {
  SeedSample sample;
  sample.name = "before";
  std::int64_t seed = 1;
  for (const double score : scores) sample.scores.push_back({seed++, score, score * ratio, 8});
  examine_sample(sample);
  return sample;
}

// The sample's runs score 1.0808, 1.0810 and 1.0812.
Submission against(std::vector<SeedSample> baselines) {
  Submission s = sample_submission(sample_runs());
  s.baselines = std::move(baselines);
  return s;
}

std::vector<RuleResult> check(const Submission& s, const Policy& p = policy()) {
  return kRuleStatSignificance.check(s, p);
}

TEST(StatSignificance, DoesNotApplyWithoutBaselineReadingOrRecord) {
  EXPECT_EQ(check(against({})).front().verdict, Verdict::not_applicable);
  Policy silent = policy();
  silent.statistics.reset();
  EXPECT_EQ(check(against({baseline({1.09, 1.091})}), silent).front().verdict, Verdict::not_applicable);
  Submission other = against({baseline({1.09, 1.091})});
  other.track = "non_record_16mb";
  EXPECT_EQ(check(other).front().verdict, Verdict::not_applicable);
}

TEST(StatSignificance, IsDecidedByThePolicysReading) {
  const Submission s = against({baseline({1.0820, 1.0822, 1.0824})});  // 0.0012 bpb, p 0.001: inside 0.005 nats/token
  const auto practice = check(s), readme = check(s, policy("readme-2026-03"));
  EXPECT_EQ(practice.front().verdict, Verdict::pass);
  EXPECT_THAT(practice.front().message, HasSubstr("beats before"));
  EXPECT_EQ(readme.front().verdict, Verdict::fail);
  EXPECT_EQ(readme.front().severity, Severity::error);
  EXPECT_THAT(readme.front().required, HasSubstr("better by more than 0.005 nats/token at p < 0.01"));
  EXPECT_THAT(readme.front().observed, HasSubstr("3 v 3 runs"));
  EXPECT_THAT(readme.front().evidence, SizeIs(3));
}

TEST(StatSignificance, FailsWhereTheMeanIsNoBetter) {
  const auto r = check(against({baseline({1.07, 1.071, 1.072})}));
  EXPECT_EQ(r.front().verdict, Verdict::fail);
  EXPECT_THAT(r.front().message, HasSubstr("the mean is no better"));
}

TEST(StatSignificance, CannotTellFromOneSeedOrCopies) {
  EXPECT_EQ(check(against({baseline({1.09})})).front().verdict, Verdict::inconclusive);
  const auto copies = check(against({baseline({1.09123456, 1.09123456})}));
  EXPECT_EQ(copies.front().verdict, Verdict::inconclusive);
  EXPECT_THAT(copies.front().message, HasSubstr("the same to the last digit"));
}

TEST(StatSignificance, EveryBaselineHasToBeBeaten) {
  const SeedSample weak = baseline({1.10, 1.101, 1.102}), strong = baseline({1.07, 1.071, 1.072});
  const auto both = check(against({weak, strong}));
  ASSERT_THAT(both, SizeIs(1));
  EXPECT_EQ(both.front().verdict, Verdict::fail);
  const auto all = check(against({weak, weak}));
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(all.front().message, HasSubstr("beats all 2 baselines"));
}

}  // namespace
}  // namespace pg::verify

#include "verify/rules/meta_compliance.h"

#include <gtest/gtest.h>

#include "verify/rules/test_submission.h"

namespace pg::verify {
namespace {

using namespace testing_submission;

constexpr const char* kFlags =
    "{\"val_bpb\": 1.1, \"compliance\": {\"three_seeds\": true, \"artifact_under_16mb\": true, \"train_under_600s\": "
    "true, "
    "\"eval_under_600s\": true, \"no_slot\": true}}";

TEST(MetaCompliance, PassesWhereNothingContradicts) {
  EXPECT_EQ(only_verdict(kRuleMetaCompliance, complete(kFlags)), Verdict::pass);
}

TEST(MetaCompliance, FindsFewerSeeds) {
  Submission s = complete(kFlags);
  s.runs[2].role = Role::duplicate;
  const auto results = failures(kRuleMetaCompliance, s);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].severity, Severity::warning);
  EXPECT_NE(results[0].message.find("three_seeds"), std::string::npos);
  s = complete(kFlags);
  s.runs[2].seed = 1;
  EXPECT_EQ(failures(kRuleMetaCompliance, s).size(), 1U) << "one seed twice";
}

TEST(MetaCompliance, FindsSizesOverTheLimit) {
  Submission s = complete(kFlags);
  s.logs[1].runs.back().bytes_total = {16'000'001, 7};
  const auto results = failures(kRuleMetaCompliance, s);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].evidence[0].line, 7U);
  EXPECT_EQ(results[0].evidence[0].file, "train_seed2.log");
  s.logs[1].runs.back().bytes_total = {16'000'000, 7};
  EXPECT_TRUE(failures(kRuleMetaCompliance, s).empty());
  const auto own = complete(R"({"bytes_total": 16000001, "compliance": {"artifact_under_16mb": true}})");
  EXPECT_EQ(failures(kRuleMetaCompliance, own).size(), 1U) << "the file's own total";
}

TEST(MetaCompliance, AllowsTheLastStepsOvershootUnlessStrict) {
  Submission s = complete(kFlags);
  s.logs[0].runs.back().train_time_ms = {600'137, 9};
  EXPECT_TRUE(failures(kRuleMetaCompliance, s).empty());
  s.logs[0].runs.back().train_time_ms = {600'151, 9};
  EXPECT_EQ(failures(kRuleMetaCompliance, s).size(), 1U);
  Submission strict = complete(R"({"compliance": {"train_under_600s_strict": true}})");
  strict.logs[0].runs.back().train_time_ms = {600'001, 9};
  EXPECT_EQ(failures(kRuleMetaCompliance, strict).size(), 1U);
}

TEST(MetaCompliance, FindsLongEvaluations) {
  Submission s = complete(kFlags);
  s.logs[2].runs.back().eval_time_ms = 600'001;
  EXPECT_EQ(failures(kRuleMetaCompliance, s).size(), 1U);
}

TEST(MetaCompliance, IgnoresRunsThatDoNotBackTheClaim) {
  Submission s = complete(kFlags);
  add_run(s, "ablation.log", 4, Role::ablation);
  s.logs[3].runs.back().bytes_total = {17'000'000, 1};
  EXPECT_TRUE(failures(kRuleMetaCompliance, s).empty());
}

TEST(MetaCompliance, DoesNotReadAFalseFlagAsAClaim) {
  Submission s = complete(R"({"compliance": {"three_seeds": false, "artifact_under_16mb": false}})");
  s.runs.resize(1);
  EXPECT_TRUE(failures(kRuleMetaCompliance, s).empty());
}

TEST(MetaCompliance, DoesNotCountSeedsWithoutLogs) {
  Submission s = complete(R"({"compliance": {"three_seeds": true}})");
  s.logs.clear();
  s.runs.clear();
  EXPECT_EQ(only_verdict(kRuleMetaCompliance, s), Verdict::not_applicable);
}

TEST(MetaCompliance, IsSkippedWithoutFlags) {
  EXPECT_EQ(only_verdict(kRuleMetaCompliance, complete()), Verdict::not_applicable);
}

}  // namespace
}  // namespace pg::verify

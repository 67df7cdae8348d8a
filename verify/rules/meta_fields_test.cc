#include "verify/rules/meta_fields.h"

#include <gtest/gtest.h>

#include "verify/rules/test_submission.h"

namespace pg::verify {
namespace {

using namespace testing_submission;

Policy policy() {
  Policy policy;
  policy.required_keys = {"name", "author|github_id", "val_bpb"};
  return policy;
}

std::vector<RuleResult> with(std::string_view json) {
  return failures(kRuleMetaFields, complete(json), policy());
}

TEST(MetaFields, PassesACompleteFile) {
  EXPECT_EQ(only_verdict(kRuleMetaFields, complete(), policy()), Verdict::pass);
  EXPECT_TRUE(with(R"({"name": "N", "github_id": "a", "val_bpb": 1.1})").empty()) << "one of two alternatives";
}

TEST(MetaFields, ListsMissingKeysInOneResult) {
  const auto results = with(R"({"val_bpb": 1.1})");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].severity, Severity::warning);
  EXPECT_EQ(results[0].message, "submission.json lacks name, author|github_id");
}

TEST(MetaFields, TellsBlankAndNullFromMissing) {
  const auto results = with("{\"name\": \"\",\n\"author\": \"\",\n\"val_bpb\": null}");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].observed, "name is blank, author is blank, val_bpb is null");
  EXPECT_EQ(results[0].evidence[1].line, 2U);
}

TEST(MetaFields, WarnsAboutWrongTypes) {
  const auto results = with(R"({"name": "N", "author": "A", "val_bpb": "1.0962", "bytes_total": "15.98 MB"})");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].severity, Severity::warning);
  EXPECT_EQ(results[0].evidence.size(), 2U);
}

TEST(MetaFields, NotesSynonymsOfTheScoreAsInfo) {
  const auto results = with(R"({"name": "N", "author": "A", "mean_val_bpb": 1.09, "train_steps": 5000})");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].severity, Severity::info);
  EXPECT_EQ(results[0].evidence.size(), 1U);
}

TEST(MetaFields, WarnsWhereTheScoreStandsInValLoss) {
  const auto results = with(R"({"name": "N", "author": "A", "val_loss": 1.14276})");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].severity, Severity::warning);
}

TEST(MetaFields, ReadsRequiredKeysThatTheModelDoesNotHold) {
  Policy strict = policy();
  strict.required_keys.push_back("hardware");
  EXPECT_EQ(failures(kRuleMetaFields, complete(), strict).size(), 1U);
  EXPECT_TRUE(
      failures(kRuleMetaFields, complete(R"({"name": "N", "author": "A", "val_bpb": 1.1, "hardware": "x"})"), strict)
          .empty());
}

TEST(MetaFields, IsSkippedWhereNothingWasRead) {
  EXPECT_EQ(only_verdict(kRuleMetaFields, complete("nothing"), policy()), Verdict::not_applicable);
}

}  // namespace
}  // namespace pg::verify

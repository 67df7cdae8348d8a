#include "verify/rules/files_required.h"

#include <gtest/gtest.h>

#include "verify/rules/test_submission.h"

namespace pg::verify {
namespace {

using namespace testing_submission;

TEST(FilesRequired, PassesACompleteFolder) {
  EXPECT_EQ(only_verdict(kRuleFilesRequired, complete()), Verdict::pass);
}

TEST(FilesRequired, NamesEachMissingThingOnce) {
  const auto results = failures(kRuleFilesRequired, Submission{});
  ASSERT_EQ(results.size(), 4U);
  EXPECT_NE(results[0].message.find("submission.json"), std::string::npos);
  EXPECT_NE(results[1].message.find("train log"), std::string::npos);
  EXPECT_NE(results[2].message.find("script"), std::string::npos);
  EXPECT_NE(results[3].message.find("README.md"), std::string::npos);
  for (const RuleResult& result : results) {
    EXPECT_EQ(result.severity, &result == &results[3] ? Severity::warning : Severity::error);
    EXPECT_FALSE(result.help.empty());
    EXPECT_FALSE(result.evidence.empty());
  }
}

TEST(FilesRequired, FindsEmptyScripts) {
  Submission s = complete();
  remove_file(s, "train_gpt.py");
  add_file(s, "train_gpt.py", 0);
  ASSERT_EQ(failures(kRuleFilesRequired, s).size(), 1U);
  EXPECT_EQ(failures(kRuleFilesRequired, s)[0].message, "train_gpt.py holds 0 bytes");
  add_file(s, "helper.py", 100);
  EXPECT_EQ(failures(kRuleFilesRequired, s).size(), 1U) << "a helper is no replacement for the script";
  remove_file(s, "train_gpt.py");
  add_file(s, "train_v5.py", 100);
  add_file(s, "lib/__init__.py", 0);
  EXPECT_TRUE(failures(kRuleFilesRequired, s).empty());
}

TEST(FilesRequired, FindsFoldersWhoseScriptsAreAllEmpty) {
  Submission s = complete();
  remove_file(s, "train_gpt.py");
  add_file(s, "run.py", 0);
  EXPECT_EQ(failures(kRuleFilesRequired, s).size(), 1U);
}

TEST(FilesRequired, PointsAtMetadataInTheWrongPlace) {
  Submission s = complete();
  s.metadata = {};
  remove_file(s, "submission.json");
  add_file(s, "results/submission.json", 10);
  EXPECT_NE(failures(kRuleFilesRequired, s)[0].message.find("results/submission.json"), std::string::npos);
}

TEST(FilesRequired, ShowsWhatWasTakenForNoLog) {
  Submission s = complete();
  s.logs.clear();
  s.runs.clear();
  s.not_logs = {"results.txt"};
  ASSERT_EQ(failures(kRuleFilesRequired, s).size(), 1U);
  EXPECT_EQ(failures(kRuleFilesRequired, s)[0].evidence[0].file, "results.txt");
}

}  // namespace
}  // namespace pg::verify

#include "verify/rules/files_names.h"

#include <gtest/gtest.h>

#include "verify/rules/test_submission.h"

namespace pg::verify {
namespace {

using namespace testing_submission;

TEST(FilesNames, PassesTheUsualNames) {
  EXPECT_EQ(only_verdict(kRuleFilesNames, complete()), Verdict::pass);
}

TEST(FilesNames, WarnsAboutOtherNames) {
  Submission s = complete();
  s.metadata.path = "submission_binary.json";
  remove_file(s, "train_gpt.py");
  add_file(s, "train_gpt_v5.py", 10);
  const auto results = failures(kRuleFilesNames, s);
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].severity, Severity::warning);
  EXPECT_NE(results[1].message.find("train_gpt_v5.py"), std::string::npos);
}

TEST(FilesNames, LeavesAMissingScriptToTheRuleAboutRequiredFiles) {
  Submission s = complete();
  remove_file(s, "train_gpt.py");
  EXPECT_TRUE(failures(kRuleFilesNames, s).empty());
}

TEST(FilesNames, ReportsEntriesThatWereNotRead) {
  Submission s = complete();
  s.folder.problems = {"train.log: symbolic link, not followed"};
  ASSERT_EQ(failures(kRuleFilesNames, s).size(), 1U);
}

TEST(FilesNames, EscapesHostileNames) {
  Submission s = complete();
  s.metadata.path = "submission\x1b[2J.json";
  EXPECT_EQ(failures(kRuleFilesNames, s)[0].message.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace pg::verify

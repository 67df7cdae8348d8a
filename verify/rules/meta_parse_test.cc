#include "verify/rules/meta_parse.h"

#include <gtest/gtest.h>

#include "verify/rules/test_submission.h"

namespace pg::verify {
namespace {

using namespace testing_submission;

TEST(MetaParse, PassesAnObject) {
  EXPECT_EQ(only_verdict(kRuleMetaParse, complete()), Verdict::pass);
}

TEST(MetaParse, FailsOnBrokenJsonWithTheLine) {
  const auto results = failures(kRuleMetaParse, complete("{\"val_bpb\": 1.1,\n}"));
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].severity, Severity::error);
  EXPECT_EQ(results[0].evidence[0].line, 2U);
  EXPECT_NE(results[0].message.find("comma"), std::string::npos) << results[0].message;
}

TEST(MetaParse, WarnsAboutAListAroundTheObject) {
  const auto results = failures(kRuleMetaParse, complete("[{\"val_bpb\": 1.1}]"));
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].severity, Severity::warning);
}

TEST(MetaParse, LeavesAMissingFileToTheRuleAboutRequiredFiles) {
  Submission s = complete();
  s.metadata = {};
  EXPECT_EQ(only_verdict(kRuleMetaParse, s), Verdict::not_applicable);
}

}  // namespace
}  // namespace pg::verify

#include "verify/rules/files_listed.h"

#include <gtest/gtest.h>

#include "verify/rules/test_submission.h"

namespace pg::verify {
namespace {

using namespace testing_submission;

std::vector<RuleResult> with(std::string_view readme) {
  Submission s = complete();
  s.readme_text = readme;
  return failures(kRuleFilesListed, s);
}

TEST(FilesListed, FindsScriptsThatTheReadmeRuns) {
  const auto results = with(
      "text\n```bash\npip install x\nbash setup_mamba3.sh\nSEED=1 torchrun --standalone \\\n  "
      "train_gpt_sweep.py\n```\n");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].severity, Severity::info);
  ASSERT_EQ(results[0].evidence.size(), 2U);
  EXPECT_EQ(results[0].observed, "setup_mamba3.sh, train_gpt_sweep.py");
  EXPECT_EQ(results[0].evidence[0].line, 4U);
  EXPECT_EQ(results[0].evidence[1].line, 6U);
}

TEST(FilesListed, FindsFilesThatTheReadmeLists) {
  const auto results =
      with("## Included files\n- `train_gpt.py`: code\n- `train_seed9.log` - log\n## Other\n- `x.log`\n");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].observed, "train_seed9.log");
}

TEST(FilesListed, SaysNothingWithoutCertainty) {
  EXPECT_TRUE(with("```\npython3 data/cached_challenge_fineweb.py --variant sp1024\n```\n").empty()) << "a path";
  EXPECT_TRUE(with("```\ncd other && python x.py\n```\n").empty()) << "another folder";
  EXPECT_TRUE(with("Run `python x.py` or import y.py\n").empty()) << "prose";
  EXPECT_TRUE(with("## Files\n- `train_seed<N>.log`\n- `*.log`\n- logs\n").empty()) << "patterns";
  EXPECT_TRUE(with("```\npython train_gpt_mlx.py > out.sh\n```\n").empty()) << "the contest's repository holds it";
}

TEST(FilesListed, FindsFilesInSubfolders) {
  Submission s = complete();
  s.readme_text = "## Files\n- `run.sh`\n";
  add_file(s, "scripts/run.sh", 3);
  EXPECT_EQ(only_verdict(kRuleFilesListed, s), Verdict::pass);
}

TEST(FilesListed, IsSkippedWithoutAReadme) {
  Submission s = complete();
  s.readme = "";
  EXPECT_EQ(only_verdict(kRuleFilesListed, s), Verdict::not_applicable);
}

}  // namespace
}  // namespace pg::verify

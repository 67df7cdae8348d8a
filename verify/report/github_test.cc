#include "verify/report/github.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "verify/report/golden.h"
#include "verify/report/sample_reports.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t starting(const std::string& text, const std::string& with) {
  std::size_t n = 0;
  for (const std::string& line : lines_of(text)) n += line.starts_with(with) ? 1 : 0;
  return n;
}

TEST(ReportGithub, MatchesTheGoldenFiles) {
  expect_golden("verify/report/testdata/clean.github", github_annotations({digest(clean_report())}));
  expect_golden("verify/report/testdata/failing.github", github_annotations({digest(failing_report())}));
  expect_golden("verify/report/testdata/unreadable.github", github_annotations({digest(unreadable_report())}));
  expect_golden("verify/report/testdata/hostile.github", github_annotations({digest(hostile_report())}));
}

TEST(ReportGithub, PlacesAreBelowTheRootOfTheRepository) {
  Report report = failing_report();
  report.run.folder = "/somewhere/else";
  report.run.repository_path = "records/a,b";
  EXPECT_THAT(
      github_annotations({digest(report)}),
      HasSubstr("::error file=records/a%2Cb/train_seed42.log,line=165,title=PG-SIZE-CAP%3A 2026-04-09_Sample::"));
  report.run.repository_path = ".";
  EXPECT_THAT(github_annotations({digest(report)}), HasSubstr("::error file=train_seed42.log,line=165,"));
}

TEST(ReportGithub, AtMostTenOfAKindAndTheRestIsCounted) {
  const Digest failing = digest(failing_report());
  const std::string text = github_annotations(std::vector<Digest>(30, failing));
  EXPECT_EQ(starting(text, "::error "), 10u);
  EXPECT_EQ(starting(text, "::warning "), 10u);
  EXPECT_EQ(starting(text, "::notice "), 10u);
  EXPECT_THAT(text, HasSubstr("10 of 30 errors are annotated, the gravest"));
  EXPECT_THAT(text, HasSubstr("10 of 60 warnings are annotated"));
}

TEST(ReportGithub, UndecidedErrorsComeAheadOfWarnings) {
  Report report = failing_report();
  std::vector<RuleResult> warnings(20, report.results[0]);
  for (RuleResult& r : warnings) {
    r.verdict = Verdict::fail;
    r.severity = Severity::warning;
  }
  report.results.insert(report.results.begin(), warnings.begin(), warnings.end());
  const std::string text = github_annotations({digest(report)});
  EXPECT_LT(text.find("undecided PG-CODE-OPAQUE"), text.find("::warning title=PG-FILES-REQUIRED"));
}

TEST(ReportGithub, HostileTextStartsNoCommand) {
  Report report = hostile_report();
  report.submission.name = "a\n::error::b";
  const std::string text = github_annotations({digest(report), digest(hostile_report())});
  for (const std::string& line : lines_of(text)) {
    const bool own = line.starts_with("::error ") || line.starts_with("::warning ") || line.starts_with("::notice ");
    const std::size_t first = line.find_first_not_of(' ');
    EXPECT_TRUE(own || line.substr(std::min(first, line.size()), 2) != "::") << line;
    EXPECT_EQ(line.find("##["), std::string::npos) << line;
    EXPECT_FALSE(line.starts_with("::error::"));
  }
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
}

TEST(ReportGithub, AFolderThatCannotBeExaminedIsAnError) {
  EXPECT_THAT(github_annotations({digest(unreadable_report())}), StartsWith("::error title=not examined%3A locked::"));
}

}  // namespace
}  // namespace pg::verify

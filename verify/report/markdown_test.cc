#include "verify/report/markdown.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/report/golden.h"
#include "verify/report/sample_reports.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Digest named(Digest d, const std::string& name) {
  d.name = name;
  return d;
}

std::vector<Digest> contest(std::size_t n) {
  const Digest kinds[] = {digest(clean_report()), digest(failing_report()), digest(hostile_report()),
                          digest(unreadable_report())};
  std::vector<Digest> all;
  for (std::size_t i = 0; i < n; ++i) all.push_back(named(kinds[i % 4], fmt::format("folder_{:04}", i)));
  return all;
}

TEST(ReportMarkdown, MatchesTheGoldenFiles) {
  const MarkdownOptions options{.docs_url = "https://example.org/rules"};
  expect_golden("verify/report/testdata/clean.md", markdown({digest(clean_report())}, options));
  expect_golden("verify/report/testdata/failing.md", markdown({digest(failing_report())}, options));
  expect_golden("verify/report/testdata/unreadable.md", markdown({digest(unreadable_report())}));
  expect_golden("verify/report/testdata/hostile.md", markdown({digest(hostile_report())}));
  expect_golden("verify/report/testdata/several.md",
                markdown({digest(clean_report()), digest(failing_report()), digest(unreadable_report())}, options));
}

TEST(ReportMarkdown, StaysUnderEveryCapAndSaysWhatIsMissing) {
  for (const std::size_t cap : {std::size_t{2'000}, kCommentBytes, kStepSummaryBytes}) {
    const std::string text = markdown(contest(2'500), {.max_bytes = cap, .docs_url = {}});
    EXPECT_LE(text.size(), cap);
    EXPECT_THAT(text, HasSubstr("**Cut to fit:**"));
    EXPECT_THAT(text, HasSubstr("2,500 folders"));
  }
  EXPECT_THAT(markdown(contest(3)), Not(HasSubstr("Cut to fit")));
}

TEST(ReportMarkdown, CutsTheLightestFirst) {
  std::vector<Digest> all;
  for (int i = 0; i < 300; ++i) all.push_back(named(digest(clean_report()), fmt::format("clean_{:03}", i)));
  all.push_back(named(digest(failing_report()), "the_failing_one"));
  const std::string text = markdown(all, {.max_bytes = 8'000, .docs_url = {}});
  EXPECT_THAT(text, HasSubstr("| ❌ FAIL | the\\_failing\\_one |"));
  EXPECT_THAT(text, HasSubstr("folders are missing from the table"));
}

TEST(ReportMarkdown, ARuleReadWithoutAFindingIsCalledAsInTheText) {
  Report report = clean_report();
  RuleResult read;
  read.id = "PG-C1-KERNEL";
  read.verdict = Verdict::inconclusive;
  read.severity = Severity::info;
  read.message = "no violation found by reading";
  report.results = {read};
  const std::string one = markdown({digest(report)});
  EXPECT_THAT(one, HasSubstr("- **unproved** PG-C1-KERNEL: no violation found"));
  EXPECT_THAT(one, Not(HasSubstr("undecided")));
  EXPECT_THAT(one, HasSubstr("1 read without a finding"));
  EXPECT_THAT(markdown({digest(report), digest(report)}), HasSubstr("| PG-C1-KERNEL | 0 | 0 | 0 | 0 | 2 |"));
  report.results[0].severity = Severity::warning;
  EXPECT_THAT(markdown({digest(report)}), HasSubstr("- **undecided** PG-C1-KERNEL"));
}

TEST(ReportMarkdown, ARowHoldsTheFolderInNumbers) {
  EXPECT_THAT(
      markdown({digest(clean_report()), digest(failing_report())}),
      HasSubstr("| ✅ PASS | 2026-04-09\\_Sample | 1.081001 | 15,987,547 | 588.1 s | 368.1 s | 1 info, 9 passed |"));
}

TEST(ReportMarkdown, CountsFoldersPerRule) {
  const std::string text = markdown({digest(clean_report()), digest(failing_report())});
  EXPECT_THAT(text, HasSubstr("| PG-SIZE-CAP | 1 | 0 | 0 | 0 |"));
  EXPECT_THAT(text, HasSubstr("| PG-CODE-OPAQUE | 0 | 1 | 0 | 0 |"));
  EXPECT_THAT(text, HasSubstr("| PG-CLAIM-STD | 0 | 0 | 0 | 2 |"));
}

TEST(ReportMarkdown, HostileTextBecomesNoMarkup) {
  const std::string text = markdown({digest(hostile_report()), digest(hostile_report())});
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  std::size_t outside = 0;  // outside of code spans nothing is left that Markdown or GitHub would take
  std::string plain;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t fence = 0;
    while (i + fence < text.size() && text[i + fence] == '`') ++fence;
    if (fence == 0 || (i > 0 && text[i - 1] == '\\')) {
      plain += text[i++];
      continue;
    }
    const std::size_t end = text.find(std::string(fence, '`'), i + fence);
    ASSERT_NE(end, std::string::npos);
    i = end + fence;
    ++outside;
  }
  EXPECT_GT(outside, 3u);
  for (std::size_t i; (i = plain.find("\\]")) != std::string::npos;) plain.erase(i, 2);
  for (const char* live : {"<script", "@everyone", "](javascript", "#1", "://evil", "www.evil", ":white_check", "$x$"})
    EXPECT_EQ(plain.find(live), std::string::npos) << live;
  EXPECT_EQ(plain.find("\xE2\x80\xAE"), std::string::npos);
}

TEST(ReportMarkdown, EqualFindingsStandTogether) {
  Report report = clean_report();
  for (const char* id : {"PG-C1-CHOICE", "PG-C1-KERNEL"}) {
    RuleResult r = report.results.back();
    r.id = id;
    r.verdict = Verdict::inconclusive;
    r.evidence.clear();
    r.message = "only an experiment can show it";
    report.results.push_back(r);
  }
  const Digest d = digest(report);
  EXPECT_THAT(d.findings.back().ids, ::testing::ElementsAre("PG-C1-CHOICE", "PG-C1-KERNEL"));
  EXPECT_THAT(markdown({d}), HasSubstr("PG-C1-CHOICE, PG-C1-KERNEL: only an experiment"));
}

}  // namespace
}  // namespace pg::verify

#include "verify/report/text.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "verify/report/golden.h"
#include "verify/report/layout.h"
#include "verify/report/sample_reports.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(ReportText, MatchesTheGoldenFiles) {
  expect_golden("verify/report/testdata/clean.txt", report_text(clean_report()));
  expect_golden("verify/report/testdata/failing.txt", report_text(failing_report()));
  expect_golden("verify/report/testdata/failing_color.txt", report_text(failing_report(), {.color = true}));
  expect_golden("verify/report/testdata/unreadable.txt", report_text(unreadable_report()));
}

TEST(ReportText, CleanSubmissionFitsOneScreen) {
  const auto lines = lines_of(report_text(clean_report()));
  EXPECT_LE(lines.size(), 24u);
  EXPECT_THAT(lines.front(), StartsWith("PASS"));
  EXPECT_THAT(lines.back(), HasSubstr("not proved"));
}

TEST(ReportText, ManyLongInfosStillFitOneScreen) {
  Report report = clean_report();
  RuleResult info = report.results.back();
  info.message = std::string(40, 'a') + " " + std::string(400, 'b');
  for (int i = 0; i < 20; ++i) report.results.push_back(info);
  EXPECT_LE(lines_of(report_text(report)).size(), 24u);
}

TEST(ReportText, NoLineIsWiderThanTheScreen) {
  for (const Report& report : {clean_report(), failing_report(), hostile_report(), unreadable_report()})
    for (const std::string& line : lines_of(report_text(report))) EXPECT_LE(columns_of(line), kColumns) << line;
}

TEST(ReportText, ShowsMarginsToEveryLimit) {
  const std::string clean = report_text(clean_report());
  EXPECT_THAT(clean, HasSubstr("15,987,547 of 16,000,000, 12,453 bytes left"));
  EXPECT_THAT(clean, HasSubstr("588.1 s of 600, 11.9 s left"));
  EXPECT_THAT(clean, HasSubstr("368.1 s of 600, 231.9 s left"));
  const std::string failing = report_text(failing_report());
  EXPECT_THAT(failing, HasSubstr("16,067,547 of 16,000,000, 67,547 bytes over"));
  EXPECT_THAT(failing, HasSubstr("601.153 s of 600, 1.153 s too long"));
}

TEST(ReportText, OvershootOfTheLastStepIsShownAsAccepted) {
  Report report = clean_report();
  report.submission.logs[0].runs[0].train_time_ms.value = 600'137;
  EXPECT_THAT(report_text(report), HasSubstr("600.137 s of 600, the last step ends 0.137 s behind it"));
  report.submission.logs[0].runs[0].train_time_ms.value = 600'151;
  EXPECT_THAT(report_text(report), HasSubstr("600.151 s of 600, 0.151 s too long"));
}

TEST(ReportText, TimeLimitsBindTheRecordTrackOnly) {
  Report report = clean_report();
  report.submission.track = "non_record_16mb";
  EXPECT_THAT(report_text(report), HasSubstr("588.1 s (the limit of 600 s binds the record track only)"));
}

TEST(ReportText, ListsErrorsThenUndecidedThenWarningsThenInfos) {
  const std::string text = report_text(failing_report());
  const auto at = [&](const char* what) { return text.find(what); };
  EXPECT_LT(at("error PG-SIZE-CAP"), at("undecided PG-CODE-OPAQUE"));
  EXPECT_LT(at("undecided PG-CODE-OPAQUE"), at("warning PG-SEEDS-COUNT"));
  EXPECT_LT(at("warning PG-SEEDS-COUNT"), at("info PG-CLAIM-STD"));
  EXPECT_THAT(text, HasSubstr("... and 2 more\n    fix: shrink the model"));
  EXPECT_THAT(text, HasSubstr("train_gpt.py:2 (decoded line 7): exec(decode(blob))"));
  EXPECT_THAT(text, HasSubstr("pgverify explain PG-SIZE-CAP"));
}

TEST(ReportText, EscapesHostileText) {
  const std::string text = report_text(hostile_report());
  for (const char c : text) EXPECT_TRUE(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  EXPECT_THAT(text, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_THAT(text, HasSubstr("\\x1b[31mred"));
}

TEST(ReportText, QuietIsTheVerdictAlone) {
  EXPECT_THAT(lines_of(report_text(failing_report(), {.quiet = true})), ::testing::SizeIs(2));
}

TEST(ReportText, ColoursChangeNoVisibleText) {
  std::string colored = report_text(failing_report(), {.color = true});
  for (std::size_t i; (i = colored.find('\x1b')) != std::string::npos;) colored.erase(i, colored.find('m', i) - i + 1);
  EXPECT_EQ(colored, report_text(failing_report()));
}

TEST(ReportText, NeverCutsARulesId) {
  Report report = clean_report();
  for (std::size_t extra = 0; extra < 40; ++extra) {
    RuleResult r;
    r.id = fmt::format("PG-EXTRA-{}", std::string(1 + extra % 9, 'X'));
    r.verdict = Verdict::not_applicable;
    report.results.push_back(r);
    const std::string text = report_text(report, {});
    const std::size_t at = text.find("not applicable ");
    ASSERT_NE(at, std::string::npos);
    const std::string line = text.substr(at, text.find('\n', at) - at);
    EXPECT_LE(columns_of(line), kColumns);
    EXPECT_EQ(line.find("..."), std::string::npos);
    if (extra > 20) {
      EXPECT_THAT(line, testing::HasSubstr(" more"));
    }
  }
}

}  // namespace
}  // namespace pg::verify

#include "verify/report/junit.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/base/text.h"
#include "verify/report/golden.h"
#include "verify/report/sample_reports.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;

std::string junit(const std::vector<Report>& reports) {
  JUnitLog log;
  for (const Report& report : reports) log.add(report);
  return log.take();
}

std::size_t occurrences(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t i = 0; (i = text.find(what, i)) != std::string::npos; i += what.size()) ++n;
  return n;
}

// Every '<' opens one of our elements and the elements close in order.
void expect_balanced(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t i = xml.find('<', 5); i != std::string::npos; i = xml.find('<', i + 1)) {
    const std::size_t end = xml.find('>', i);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = xml.substr(i + 1, end - i - 1);
    if (tag.starts_with("/")) {
      ASSERT_FALSE(open.empty());
      EXPECT_EQ(open.back(), tag.substr(1));
      open.pop_back();
    } else if (!tag.ends_with("/")) {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(ReportJUnit, MatchesTheGoldenFiles) {
  expect_golden("verify/report/testdata/clean.junit.xml", junit({clean_report()}));
  expect_golden("verify/report/testdata/failing.junit.xml", junit({failing_report()}));
  expect_golden("verify/report/testdata/unreadable.junit.xml", junit({unreadable_report()}));
  expect_golden("verify/report/testdata/hostile.junit.xml", junit({hostile_report(), failing_report()}));
}

TEST(ReportJUnit, OneSuiteAFolderOneCaseAResult) {
  const std::string xml = junit({clean_report(), failing_report()});
  EXPECT_EQ(occurrences(xml, "<testsuite "), 2u);
  EXPECT_EQ(occurrences(xml, "<testcase "), clean_report().results.size() + failing_report().results.size());
  EXPECT_THAT(xml, HasSubstr(fmt::format("<testsuites name=\"pgverify\" tests=\"{}\" failures=\"1\" errors=\"1\">",
                                         clean_report().results.size() + failing_report().results.size())));
}

TEST(ReportJUnit, NamesAreUnique) {
  const std::string xml = junit({failing_report(), failing_report()});
  EXPECT_THAT(xml, HasSubstr("<testsuite name=\"2026-04-09_Sample (2)\""));
  for (int n = 2; n <= 8; ++n) EXPECT_EQ(occurrences(xml, fmt::format("name=\"PG-TIME-PHASES ({})\"", n)), 2u) << n;
}

TEST(ReportJUnit, OnlyWhatDecidesTheVerdictFails) {
  const std::string xml = junit({failing_report()});
  EXPECT_EQ(occurrences(xml, "<failure "), 1u);
  EXPECT_EQ(occurrences(xml, "<error "), 1u);
  EXPECT_THAT(xml, HasSubstr("<failure type=\"error\">code and model take 16,067,547 bytes"));
  EXPECT_THAT(xml, HasSubstr("<system-out>warning\ntwo of three seeds are the same\nfix: run another seed\n"));
  EXPECT_THAT(junit({unreadable_report()}), HasSubstr("errors=\"1\""));
}

TEST(ReportJUnit, HostileTextKeepsTheDocumentWellFormed) {
  const std::string xml = junit({hostile_report()});
  EXPECT_TRUE(xml == to_utf8(xml));
  EXPECT_EQ(xml.find("<script"), std::string::npos);
  for (const char c : xml) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  expect_balanced(xml);
}

}  // namespace
}  // namespace pg::verify

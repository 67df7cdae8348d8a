#include "verify/report/html.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "reference/base/text.h"
#include "verify/report/golden.h"
#include "verify/report/html_charts.h"
#include "verify/report/html_style.h"
#include "verify/report/sample_reports.h"
#include "verify/report/statistics.h"

namespace pg::verify {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string html(const std::vector<Report>& reports) {
  HtmlPage page("https://example.org/rules");
  for (const Report& report : reports) page.add(report);
  return page.take();
}

std::string without_run(const std::string& page) {
  const std::size_t begin = page.find("<footer id=\"run\">"), end = page.find("</footer>", begin);
  return page.substr(0, begin) + page.substr(end);
}

TEST(ReportHtml, MatchesTheGoldenFiles) {
  expect_golden("verify/report/testdata/clean.html", without_run(html({clean_report()})));
  expect_golden("verify/report/testdata/failing.html", without_run(html({failing_report()})));
  expect_golden("verify/report/testdata/unreadable.html", without_run(html({unreadable_report()})));
  expect_golden("verify/report/testdata/hostile.html", without_run(html({hostile_report()})));
}

TEST(ReportHtml, IsTheSameForTheSameReportOutsideTheFooter) {
  Report later = failing_report();
  later.run = {"2027-01-01T00:00:00Z", "elsewhere", "other/place", 99, "records/x"};
  EXPECT_NE(html({failing_report()}), html({later}));
  EXPECT_TRUE(without_run(html({failing_report()})) == without_run(html({later})));
}

TEST(ReportHtml, HoldsNoScriptNoNetworkAndNoInlineStyle) {
  for (const Report& report : {clean_report(), failing_report(), hostile_report(), unreadable_report()}) {
    const std::string page = html({report});
    for (const char* forbidden :
         {"<script", "<img", "<iframe", "<link", " style=", " src=", "url(", "@import", "<a href=\"javascript"})
      EXPECT_EQ(page.find(forbidden), std::string::npos) << forbidden;
    EXPECT_NE(page.find("default-src &#39;none&#39;; style-src &#39;sha256-"), std::string::npos);
    EXPECT_TRUE(page == to_utf8(page));
    for (const char c : page) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
    EXPECT_LT(page.size(), 500'000u);
  }
}

TEST(ReportHtml, EveryElementIsOurs) {
  // What is not in this list came from the submission.
  const std::set<std::string> known = {
      "!DOCTYPE", "html", "head",   "meta",       "title",  "style",   "body",    "main",  "header", "h1",   "h2",
      "p",        "div",  "b",      "br",         "span",   "section", "article", "table", "tr",     "th",   "td",
      "code",     "a",    "figure", "figcaption", "footer", "svg",     "line",    "rect",  "circle", "text", "path"};
  const std::string page = html({hostile_report(), failing_report()});
  const std::size_t body = page.find("<body>");
  for (std::size_t i = page.find('<', body); i != std::string::npos; i = page.find('<', i + 1)) {
    const std::size_t start = page[i + 1] == '/' ? i + 2 : i + 1;
    const std::string name = page.substr(start, page.find_first_of(" >/\n", start) - start);
    EXPECT_TRUE(known.contains(name)) << name;
  }
}

TEST(ReportHtml, PolicyNamesTheStyleSheetByItsDigest) {
  const std::string page = html({clean_report()});
  const std::size_t begin = page.find("<style>") + 7;
  EXPECT_EQ(page.substr(begin, page.find("</style>") - begin), page_style());
  EXPECT_THAT(std::string(page_style()), Not(AnyOf(HasSubstr("<"), HasSubstr("\r"))));
}

TEST(ReportHtml, ShowsWhatTheReportHas) {
  const std::string page = html({failing_report()});
  for (const char* part : {"over by 67,547", "model 15,970,953", "seed 314", "limit of each 600 s",
                           "mean, 95 % interval", "claimed 1.0810", "training loss", "train_gpt.py:2 (decoded line 7)",
                           "lzma+b85: literal in line 2, bytes 58 to 16,558",
                           "https://example.org/rules/PG-SIZE-CAP.md", "C1 to C4 were read, not proved"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
}

TEST(ReportHtml, LeavesOutDrawingsWithoutData) {
  Report report = clean_report();
  report.submission = Submission();
  report.submission.name = "bare";
  const std::string page = html({report});
  EXPECT_EQ(page.find("<svg"), std::string::npos);
  EXPECT_NE(page.find("no score claimed"), std::string::npos);
  EXPECT_THAT(html({unreadable_report()}), HasSubstr("Permission denied"));
}

TEST(ReportHtml, SurvivesNumbersThatNoDrawingCanHold) {
  Report report = hostile_report();
  LogRun& run = report.submission.logs[0].runs[0];
  run.train_loss_curve.add(std::numeric_limits<std::int64_t>::max(), 1e300);
  run.val_loss_curve.add(-5, -1e300);
  run.phases.push_back({PhaseLine::Phase::quantization, 1, "x", std::numeric_limits<double>::infinity(), false});
  run.val_bpb = Decimal{1e300, "1e300"};
  report.submission.recomputed.std_bpb = 1e300;
  const std::string page = html({report});
  for (const char* bad : {"=\"nan", "=\"inf", "=\"-nan", "=\"-inf"})
    EXPECT_EQ(page.find(bad), std::string::npos) << bad;
}

TEST(ReportHtml, QuantilesOfStudentsTAreRight) {
  // scipy.stats.t.ppf(0.975, df), SciPy 1.11.
  const std::pair<int, double> expected[] = {{1, 12.706205}, {2, 4.302653},  {5, 2.570582},  {10, 2.228139},
                                             {11, 2.200985}, {30, 2.042272}, {100, 1.983972}};
  for (const auto& [df, value] : expected) EXPECT_NEAR(t_quantile_95(df), value, 5e-4) << df;
  EXPECT_TRUE(std::isinf(t_quantile_95(0)));
}

TEST(ReportHtml, TicksAreRoundNumbers) {
  EXPECT_DOUBLE_EQ(tick_step(600, 8), 100);
  EXPECT_DOUBLE_EQ(tick_step(0.0011, 5), 0.0005);
  EXPECT_DOUBLE_EQ(tick_step(0, 5), 1);
}

TEST(ReportHtml, SeedsAreDrawnAgainstTheBarOfTheStatistics) {
  Report report = clean_report();
  report.policy = *load_policy("practice-2026-04");
  EXPECT_THAT(html({report}), Not(HasSubstr("to beat")));
  SeedSample old;
  old.name = "2026-04-08_<Old>";
  for (const double score : {1.0901, 1.0903, 1.0905}) old.scores.push_back({std::nullopt, score, std::nullopt, 4});
  report.submission.baselines.push_back(old);
  const auto found = comparisons(report);
  ASSERT_FALSE(found.empty());
  const ReadingOutcome& r = found[0].deciding();
  ASSERT_TRUE(r.outcome) << r.outcome.reason;
  const std::string page = html({report});
  EXPECT_THAT(page, HasSubstr(fmt::format("to beat {:.6f}", found[0].old_moments.mean - *r.margin)));
  EXPECT_THAT(page, HasSubstr("2026-04-08_&lt;Old&gt; less the margin"));
}

}  // namespace
}  // namespace pg::verify

#include "verify/report/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "verify/report/json.h"
#include "verify/report/sample_reports.h"
#include "verify/report/schema_check.h"
#include "verify/report/text.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

Report compared(std::vector<double> old_scores, double ratio = 2.583104) {
  Report report = clean_report();
  report.policy = *load_policy("practice-2026-04");
  SeedSample old;
  old.name = "2026-04-01_Before\x1b[31m";
  std::int64_t seed = 1;
  for (const double score : old_scores) old.scores.push_back({seed++, score, score * ratio, 8});
  examine_sample(old);
  report.submission.baselines.push_back(old);
  return report;
}

json schema() {
  return json::parse(*read_file(PG_SOURCE_DIR "/docs/formats/report-v1.schema.json", 1 << 20));
}

TEST(ReportStatistics, AreNullWithoutABaselineOrAReading) {
  EXPECT_TRUE(statistics_json(clean_report()).is_null());
  Report report = compared({1.082, 1.083});
  report.policy.statistics.reset();
  EXPECT_TRUE(statistics_json(report).is_null());
}

TEST(ReportStatistics, HoldEveryReadingAndFitTheSchema) {
  for (const Report& report : {compared({1.0820, 1.0822, 1.0824}), compared({1.1}), compared({}),
                               compared({1.0820, 1.0822}, 1.688454), compared({1.08234567, 1.08234567})}) {
    const json value = json::parse(report_json(report));
    EXPECT_THAT(check_schema(schema(), value), IsEmpty());
    const json& comparison = value["statistics"]["comparisons"][0];
    EXPECT_EQ(comparison["readings"].size(), 5u);
    EXPECT_EQ(comparison["decides"], "applied");
  }
}

TEST(ReportStatistics, NumbersThatDoNotExistAreNull) {
  const json single = statistics_json(compared({1.1}))["comparisons"][0];
  EXPECT_EQ(single["verdict"], "inconclusive");
  EXPECT_TRUE(single["ci99_low"].is_null());
  EXPECT_TRUE(single["readings"][0]["p"].is_null());
  EXPECT_EQ(single["readings"][0]["status"], "too_few");
  EXPECT_FALSE(single["delta"].is_null());
  EXPECT_TRUE(statistics_json(compared({1.1, 1.2}, 1.688454))["comparisons"][0]["delta_nats_per_token"].is_null());
}

TEST(ReportStatistics, TextSaysTheGainOnOneFieldAndIsSafeForATerminal) {
  const std::string text = report_text(compared({1.0820, 1.0822, 1.0824}));
  EXPECT_THAT(text, HasSubstr("gain   -0.001199 bpb over 2026-04-01_Before"));
  EXPECT_THAT(text, HasSubstr("2 of 5 readings pass"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_THAT(report_text(compared({1.1})), HasSubstr("cannot tell"));
}

TEST(ReportStatistics, TheLongTextNamesUnitsReadingsAndWhatTheAnswerHangsOn) {
  Layout out(false);
  write_significance(out, comparisons(compared({1.0820, 1.0822, 1.0824})).front());
  const std::string text = out.take();
  for (const char* part : {"bpb, -0.003", "nats/token", "99 % interval", "* applied", "readme_nats_byte",
                           "exact permutation", "leaving one run out", "worst new run", "needs"})
    EXPECT_THAT(text, HasSubstr(part));
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    EXPECT_LE(columns_of(std::string_view(text).substr(begin, end - begin)), kColumns)
        << text.substr(begin, end - begin);
}

TEST(ReportStatistics, PValuesAreReadable) {
  EXPECT_EQ(p_text(0.02041677), "0.0204");
  EXPECT_EQ(p_text(0.000403388), "0.000403");
  EXPECT_EQ(p_text(4.03e-7), "4.03e-07");
  EXPECT_EQ(p_text(0), "<1e-12");
}

}  // namespace
}  // namespace pg::verify

#include "verify/report/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "reference/base/text.h"
#include "verify/report/golden.h"
#include "verify/report/sample_reports.h"
#include "verify/report/schema_check.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

json schema() {
  const auto text = read_file(PG_SOURCE_DIR "/docs/formats/report-v1.schema.json", 1 << 20);
  EXPECT_TRUE(text);
  return json::parse(*text);
}

TEST(ReportJson, MatchesTheGoldenFiles) {
  expect_golden("verify/report/testdata/clean.json", report_json(clean_report()) + "\n");
  expect_golden("verify/report/testdata/failing.json", report_json(failing_report()) + "\n");
  expect_golden("verify/report/testdata/unreadable.json", report_json(unreadable_report()) + "\n");
}

TEST(ReportJson, EveryKeyIsDeclaredInTheSchemaAndEveryRequiredKeyIsThere) {
  for (const Report& report : {clean_report(), failing_report(), hostile_report(), unreadable_report()})
    EXPECT_THAT(check_schema(schema(), json::parse(report_json(report))), IsEmpty());
}

TEST(ReportJson, SchemaCheckSeesUndeclaredMissingAndWronglyTypedKeys) {
  json report = json::parse(report_json(clean_report()));
  report["extra"] = 1;
  report["submission"]["runs"][0].erase("seed");
  report["submission"]["sizes"]["limit"] = "16000000";
  report["rules"][0]["verdict"] = "maybe";
  EXPECT_THAT(check_schema(schema(), report),
              ::testing::UnorderedElementsAre("/ holds the undeclared key extra", "/submission/runs/0 lacks \"seed\"",
                                              "/submission/sizes/limit has type string, not \"integer\"",
                                              "/rules/0/verdict is not in the enumeration"));
}

TEST(ReportJson, SchemaDescribesEveryField) {
  EXPECT_THAT(undescribed(schema()), IsEmpty());
}

TEST(ReportJson, IsValidUtf8OnOneLineWhateverTheSubmissionHolds) {
  const std::string text = report_json(hostile_report());
  EXPECT_EQ(text, to_utf8(text));
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const json parsed = json::parse(text);
  EXPECT_TRUE(parsed["submission"]["runs"][0]["val_bpb"].is_null()) << "infinity has no JSON number";
  const json& rule = parsed["rules"].back();
  EXPECT_EQ(rule["evidence"].size(), 50u);
  EXPECT_EQ(rule["evidence_omitted"], 10);
  EXPECT_LE(rule["evidence"][0]["text"].get<std::string>().size(), 3 * 500u + 3);
}

TEST(ReportJson, DiffersBetweenRunsInTheRunMemberAlone) {
  Report first = clean_report(), second = clean_report();
  second.run = {"2027-01-01T00:00:00Z", "elsewhere", "other", 99};
  json a = json::parse(report_json(first)), b = json::parse(report_json(second));
  EXPECT_NE(a, b);
  a.erase("run");
  b.erase("run");
  EXPECT_EQ(a.dump(), b.dump());
}

TEST(ReportJson, RoundsRecomputedValuesToTenPlaces) {
  const json recomputed = report_value(clean_report())["submission"]["recomputed"];
  EXPECT_EQ(recomputed["mean_loss"].get<double>(), 2.7923376867);
  EXPECT_EQ(recomputed["n"], 3);
}

TEST(ReportJson, AbsentValuesAreNullAndNeverZero) {
  Report report;
  report.policy = clean_report().policy;
  const json value = report_value(report);
  EXPECT_TRUE(value["submission"]["claimed"]["val_bpb"].is_null());
  EXPECT_TRUE(value["submission"]["claimed"]["val_bpb_line"].is_null());
  EXPECT_TRUE(value["submission"]["claimed"]["seeds"].is_null());
  EXPECT_TRUE(value["submission"]["sizes"]["as_logged"].is_null());
  EXPECT_TRUE(value["submission"]["recomputed"]["mean_bpb"].is_null());
  EXPECT_TRUE(value["statistics"].is_null());
  EXPECT_THAT(check_schema(schema(), value), IsEmpty());
}

}  // namespace
}  // namespace pg::verify

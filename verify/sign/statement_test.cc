#include "verify/sign/statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/report/json.h"
#include "verify/report/sample_reports.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<Subject> kSubjects = {{"README.md", "sha256", std::string(64, 'a')},
                                        {"name", "dirHash", std::string(64, 'b')}};

json statement_of(const Report& report, PredicateKind kind = PredicateKind::report) {
  return make_statement(report_value(report), kSubjects, "urn:test", kind);
}

TEST(Statement, ReportIsReadBackWhateverItsVerdict) {
  Report undecided = clean_report();
  undecided.verdict = Verdict::inconclusive;
  for (const Report& report : {clean_report(), failing_report(), undecided, hostile_report()}) {
    const json statement = statement_of(report);
    EXPECT_EQ(statement["_type"], "https://in-toto.io/Statement/v1");
    const auto subjects = statement_subjects(statement);
    ASSERT_TRUE(subjects);
    EXPECT_EQ(*subjects, kSubjects);
    const auto read = statement_report(statement);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->verdict, to_string(report.verdict));
    EXPECT_EQ(read->policy_digest, report.policy.digest);
    EXPECT_EQ(read->verifier_id, "urn:test");
    EXPECT_EQ(read->time, report.run.time);
  }
}

TEST(Statement, TwoVerifiersDifferInRunDetailsAndVerifierOnly) {
  Report here = failing_report(), there = failing_report();
  there.run.host = "elsewhere";
  there.run.time = "2027-01-01T00:00:00Z";
  there.run.duration_ms = 99;
  json a = statement_of(here), b = make_statement(report_value(there), kSubjects, "urn:other", PredicateKind::report);
  EXPECT_NE(a, b);
  EXPECT_EQ(statement_report(a)->report_digest, statement_report(b)->report_digest);
  for (json* statement : {&a, &b}) {
    (*statement)["predicate"].erase("runDetails");
    (*statement)["predicate"].erase("verifier");
  }
  EXPECT_EQ(a, b);
  Report other = failing_report();
  other.results[0].message += "!";
  EXPECT_NE(statement_report(statement_of(other))->report_digest, statement_report(statement_of(here))->report_digest);
}

TEST(Statement, TestResultNeverCallsUndecidedPassed) {
  Report report = clean_report();
  EXPECT_EQ(statement_of(report, PredicateKind::test_result)["predicate"]["result"], "PASSED")
      << "an info is no warning";
  report.results[0].verdict = Verdict::fail;
  report.results[0].severity = Severity::warning;
  EXPECT_EQ(statement_of(report, PredicateKind::test_result)["predicate"]["result"], "WARNED");
  report.results[0].verdict = Verdict::inconclusive;
  report.results[0].severity = Severity::error;
  report.verdict = Verdict::inconclusive;
  const json predicate = statement_of(report, PredicateKind::test_result)["predicate"];
  EXPECT_EQ(predicate["result"], "FAILED");
  EXPECT_THAT(predicate["failedTests"], Contains(report.results[0].id));
  EXPECT_THAT(predicate["passedTests"], Not(Contains(report.results[0].id)));
  EXPECT_EQ(predicate["configuration"][0]["digest"]["sha256"], report.policy.digest);
}

TEST(Statement, SvrListsWhatPassedOnly) {
  const json good = statement_of(clean_report(), PredicateKind::svr);
  EXPECT_EQ(good["predicateType"], "https://in-toto.io/attestation/svr/v0.2");
  EXPECT_THAT(good["predicate"]["properties"], Contains("PGVERIFY_PASS"));
  EXPECT_THAT(good["predicate"]["properties"], Contains("PGVERIFY_PG_SIZE_CAP"));
  const json bad = statement_of(failing_report(), PredicateKind::svr);
  EXPECT_THAT(bad["predicate"]["properties"], Not(Contains("PGVERIFY_PASS")));
  EXPECT_THAT(bad["predicate"]["properties"], Not(Contains("PGVERIFY_PG_SIZE_CAP")));
}

TEST(Statement, OddOnesAreErrorsAndNotCrashes) {
  for (const char* text :
       {"[]", "null", "{}", R"({"subject":[]})", R"({"subject":[1]})", R"({"subject":[{"name":"a"}]})",
        R"({"subject":[{"name":"a","digest":{"sha256":"AB"}}]})", R"({"subject":[{"digest":{"md5":"00"}}]})"})
    EXPECT_FALSE(statement_subjects(json::parse(text))) << text;
  for (const char* text : {"[]", "{}", R"({"predicate":[]})", R"({"predicate":{"report":3}})"})
    EXPECT_FALSE(statement_report(json::parse(text))) << text;
  json statement = statement_of(clean_report());
  statement["predicate"]["report"]["verdict"] = "excellent";
  EXPECT_THAT(statement_report(statement).error().message, HasSubstr("no verdict"));
}

}  // namespace
}  // namespace pg::verify

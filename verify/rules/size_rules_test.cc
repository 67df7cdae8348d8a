#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/sample_submission.h"
#include "verify/rules/size_arithmetic.h"
#include "verify/rules/size_cap.h"
#include "verify/rules/size_conventions.h"
#include "verify/submission/reach.h"

namespace pg::verify {
namespace {

using testing::HasSubstr;

void add_file(Submission& s, const std::string& path, const std::string& content) {
  s.folder.files.push_back({path, content.size(), {}});
  std::sort(s.folder.files.begin(), s.folder.files.end(), [](auto& a, auto& b) { return a.path < b.path; });
  if (path.ends_with(".py")) s.code.push_back(unpack_code(path, content));
  resolve_code(s);
}

// Three seeds; the script of `code` bytes lies in the folder.
Submission sample(std::vector<SampleRun> runs, std::string_view json = R"({"val_bpb": 1.0810})",
                  std::size_t script = 16'594) {
  Submission s = sample_submission(runs, json);
  add_file(s, "train_gpt.py", "import torch\n" + std::string(script - 13, '#'));
  return s;
}

Policy shipped_policy() {
  Policy policy;
  policy.size_convention = SizeConvention::as_shipped;
  return policy;
}

TEST(SizeCap, PassesWithTheMarginOfTheLargestRun) {
  auto runs = sample_runs();
  runs[1].model = 15'970'953;
  runs[0].model = runs[2].model = 15'000'000;
  const auto results = run_rule(kRuleSizeCap, sample(runs));
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].verdict, Verdict::pass);
  EXPECT_EQ(results[0].margin, "15,987,547 of 16,000,000, 12,453 bytes left");
  EXPECT_EQ(results[0].evidence[0].file, "train_seed314.log");
}

TEST(SizeCap, TheLimitItselfFitsAndOneByteMoreDoesNot) {
  auto runs = sample_runs();
  for (SampleRun& run : runs) run.model = 16'000'000 - run.code;
  EXPECT_EQ(run_rule(kRuleSizeCap, sample(runs))[0].verdict, Verdict::pass);
  for (SampleRun& run : runs) ++run.model;
  const auto results = run_rule(kRuleSizeCap, sample(runs));
  ASSERT_EQ(results.size(), 3u) << "each claimed run over the limit is a failure of its own";
  for (const RuleResult& r : results) {
    EXPECT_EQ(r.verdict, Verdict::fail);
    EXPECT_EQ(r.severity, Severity::error);
    EXPECT_THAT(r.message, HasSubstr("1 bytes over"));
  }
}

TEST(SizeCap, CountsTheShippedFileUnderTheReadmesReading) {
  const Submission s = sample(sample_runs(), R"({"val_bpb": 1.0810})", 116'694);
  EXPECT_EQ(run_rule(kRuleSizeCap, s)[0].verdict, Verdict::pass);
  const auto results = kRuleSizeCap.check(s, shipped_policy());
  EXPECT_EQ(results[0].verdict, Verdict::fail);
  EXPECT_THAT(results[0].observed, HasSubstr("train_gpt.py 116,694"));
}

TEST(SizeCap, RunsThatAreNotClaimedAreInformation) {
  auto runs = sample_runs();
  SampleRun other;
  other.name = "train_seed7.log", other.seed = 7, other.val_bpb = "1.2081", other.model = 17'000'000;
  runs.push_back(other);
  const Submission s = sample(runs, R"({"val_bpb": 1.0810, "seeds": [42, 314, 999]})");
  ASSERT_NE(s.runs[3].role, Role::claim);
  const auto results = run_rule(kRuleSizeCap, s);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].verdict, Verdict::pass);
  EXPECT_EQ(results[1].severity, Severity::info);
}

TEST(SizeCap, LetsTheClaimStandInWhereNoLogPrintsASizeAndSaysSo) {
  Submission s = sample_submission({}, R"({"val_bpb": 1.0810, "bytes_total": 16000001})");
  auto results = run_rule(kRuleSizeCap, s);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].severity, Severity::error);
  EXPECT_THAT(results[0].message, HasSubstr("claimed size"));
  s = sample_submission({}, R"({"val_bpb": 1.0810, "bytes_total": 15000000})");
  EXPECT_THAT(run_rule(kRuleSizeCap, s)[0].message, HasSubstr("no log"));
  s = sample_submission({}, R"({"val_bpb": 1.0810})");
  results = run_rule(kRuleSizeCap, s);
  EXPECT_EQ(results[0].verdict, Verdict::inconclusive);
  EXPECT_EQ(results[0].severity, Severity::error);
}

TEST(SizeCap, TakesTheSumOfThePartsForATotalBelowIt) {
  Submission s = sample_submission({}, R"({"val_bpb": 1.0810})");
  s.logs.push_back(read_log_text("a.log",
                                 "Code size: 16594 bytes\nSerialized model quantized+brotli: 99000000 bytes\n"
                                 "Total submission size quantized+brotli: 15000000 bytes\n"
                                 "quantized_ttt val_loss:2.79 val_bpb:1.0810 eval_time:5ms\n"));
  assign_roles(s);
  EXPECT_EQ(run_rule(kRuleSizeCap, s)[0].verdict, Verdict::fail);
}

TEST(SizeConventions, PassesWhereAllReadingsAgree) {
  const auto r = run_rule(kRuleSizeConventions, sample(sample_runs()))[0];
  EXPECT_EQ(r.verdict, Verdict::pass);
  EXPECT_THAT(r.observed, HasSubstr("as logged 15,991,894; files as shipped 15,991,894"));
}

TEST(SizeConventions, WarnsWhereThePackedCodeThatCountsIsNotShipped) {
  auto runs = sample_runs();
  for (SampleRun& run : runs)
    run.extra = "Code size (uncompressed): 116694 bytes\nCode size (compressed): 16594 bytes\n";
  const auto r = run_rule(kRuleSizeConventions, sample(runs, R"({"val_bpb": 1.0810})", 116'694))[0];
  EXPECT_EQ(r.verdict, Verdict::fail);
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_THAT(r.message, HasSubstr("within the limit as logged, code as packed, over it files as shipped"));
  EXPECT_THAT(r.message, HasSubstr("packed form of the code that is not in the folder"));
}

TEST(SizeConventions, CannotTellWhereTheShippedScriptIsNotTheCountedOne) {
  const auto r = run_rule(kRuleSizeConventions, sample(sample_runs(), R"({"val_bpb": 1.0810})", 500'000))[0];
  EXPECT_EQ(r.verdict, Verdict::inconclusive);
  EXPECT_EQ(r.severity, Severity::error);
}

TEST(SizeConventions, WarnsWhereHelpersPushTheSumOver) {
  Submission s = sample_submission(sample_runs());
  add_file(s, "helper.py", std::string(27'030, '#'));
  add_file(s, "tok.model", std::string(1000, 'x'));
  add_file(s, "train_gpt.py", "import helper\nopen('tok.model')\n" + std::string(16'562, '#'));
  const auto r = run_rule(kRuleSizeConventions, s)[0];
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_THAT(r.message,
              HasSubstr("over it all code reached: code beside the entry script is reached: helper.py 27,030"));
  EXPECT_THAT(r.observed, HasSubstr("never counted: tok.model 1,000"));
}

TEST(SizeConventions, DoesNotApplyWithOneReadingOnly) {
  EXPECT_EQ(run_rule(kRuleSizeConventions, sample_submission(sample_runs()))[0].verdict, Verdict::not_applicable);
}

RuleResult arithmetic(std::string_view json, std::vector<SampleRun> runs = sample_runs()) {
  return run_rule(kRuleSizeArithmetic, sample(std::move(runs), json))[0];
}

TEST(SizeArithmetic, TakesATotalAMaximumAMeanAndARoundedNumber) {
  auto runs = sample_runs();
  runs[0].model = 15'900'000, runs[1].model = 15'910'000, runs[2].model = 15'950'004;
  for (const char* bytes : {"15916594", "15926594", "15966598", "15936595", "15936595.33", "15970000", "15900000"})
    EXPECT_EQ(arithmetic(std::string(R"({"val_bpb": 1.0810, "bytes_total": )") + bytes + "}", runs).verdict,
              Verdict::pass)
        << bytes;
  const auto r = arithmetic(R"({"val_bpb": 1.0810, "bytes_total": 15900123})", runs);
  EXPECT_EQ(r.verdict, Verdict::fail);
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_EQ(r.required, "15,916,594 to 15,966,598");
}

TEST(SizeArithmetic, NamesAClaimWithoutTheCodeAndFailsItWhereItHidesTheLimit) {
  const auto r = arithmetic(R"({"val_bpb": 1.0810, "bytes_total": 15975300})");
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_THAT(r.message, HasSubstr("excludes the code"));
  auto runs = sample_runs();
  for (SampleRun& run : runs) run.code = 80'055;
  EXPECT_EQ(arithmetic(R"({"val_bpb": 1.0810, "bytes_total": 15975300})", runs).severity, Severity::error);
  const auto per_seed = arithmetic(
      R"({"val_bpb": 1.0810, "seed_results": {"42": {"val_bpb": 1.08079352, "artifact_bytes": 15975300}}})", runs);
  EXPECT_EQ(per_seed.severity, Severity::error);
  EXPECT_THAT(per_seed.margin, HasSubstr("bytes over"));
}

TEST(SizeArithmetic, FindsTheSumOfTheLoggedModelAndTheShippedFile) {
  auto runs = sample_runs();
  for (SampleRun& run : runs) run.code = 16'000;
  EXPECT_THAT(arithmetic(R"({"val_bpb": 1.0810, "bytes_total": 15991894})", runs).message,
              HasSubstr("train_gpt.py as shipped"));
}

TEST(SizeArithmetic, FindsOneSizeCopiedToAllSeeds) {
  auto runs = sample_runs();
  runs[1].model -= 570, runs[2].model -= 1'884;
  const auto r =
      arithmetic(R"({"val_bpb": 1.0810, "seed_results": {"42": {"val_bpb": 1.08079352, "artifact_bytes": 15991894},
      "314": {"val_bpb": 1.08103103, "artifact_bytes": 15991894}, "999": {"val_bpb": 1.08118408, "artifact_bytes": 15991894}}})",
                 runs);
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_THAT(r.message, HasSubstr("claimed for all 3 seeds"));
}

TEST(SizeArithmetic, FindsATotalThatIsNoSum) {
  auto runs = sample_runs();
  runs[0].extra = "Total submission size final: 15000000 bytes\n";
  Submission s = sample(runs);
  s.logs[0].runs.back().bytes_total.value = 15'000'000;
  const auto r = run_rule(kRuleSizeArithmetic, s)[0];
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_EQ(r.required, "15,975,300 + 16,594 = 15,991,894");
}

TEST(SizeArithmetic, DoesNotApplyWithoutALoggedTotal) {
  EXPECT_EQ(run_rule(kRuleSizeArithmetic, sample_submission({}))[0].verdict, Verdict::not_applicable);
}

}  // namespace
}  // namespace pg::verify

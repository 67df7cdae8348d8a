#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/claim_fields.h"
#include "verify/rules/claim_per_seed.h"
#include "verify/rules/claim_readme.h"
#include "verify/rules/claim_score.h"
#include "verify/rules/claim_std.h"
#include "verify/rules/sample_submission.h"

namespace pg::verify {
namespace {

using testing::HasSubstr;

RuleResult first(const Rule& rule, const Submission& s) {
  const auto results = run_rule(rule, s);
  EXPECT_FALSE(results.empty());
  return results.front();
}

RuleResult score(const char* json, const std::vector<SampleRun>& runs = sample_runs()) {
  return first(kRuleClaimScore, sample_submission(runs, json));
}

TEST(ClaimScore, AcceptsTheMeanAtTheClaimsOwnRounding) {
  for (const char* json : {R"({"val_bpb": 1.081})", R"({"val_bpb": 1.0810029})", R"({"val_bpb": 1.08100288})"})
    EXPECT_EQ(score(json).verdict, Verdict::pass) << json;
}

TEST(ClaimScore, TellsBestOfFromOneOf) {
  const auto best = score(R"({"val_bpb": 1.08079352})");
  EXPECT_EQ(best.severity, Severity::warning);
  EXPECT_THAT(best.message, HasSubstr("the best of 3 runs"));
  EXPECT_THAT(score(R"({"val_bpb": 1.08118408})").message, HasSubstr("one of 3 runs"));
}

TEST(ClaimScore, FailsAScoreThatNoLogHas) {
  const auto r = score(R"({"val_bpb": 1.0777})");
  EXPECT_EQ(r.verdict, Verdict::fail);
  EXPECT_EQ(r.severity, Severity::error);
  EXPECT_EQ(r.evidence.size(), 4u);
}

TEST(ClaimScore, AllowsAUnitOfTheLastDigitAsInformation) {
  EXPECT_EQ(score(R"({"val_bpb": 1.08101})").severity, Severity::info);
  EXPECT_EQ(score(R"({"val_bpb": 1.08102})").severity, Severity::error);
}

TEST(ClaimScore, SaysWhichOtherLineHasTheValue) {
  SampleRun run;
  run.extra = "quantized val_loss:2.84000000 val_bpb:1.09945246 eval_time:8000ms\n";
  const auto r = score(R"({"val_bpb": 1.09945246})", {run});
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_THAT(r.message, HasSubstr("printed as quantized"));
}

TEST(ClaimScore, FailsTheValidationBeforeQuantization) {
  Submission s = sample_submission({}, R"({"val_bpb": 1.1898})");
  s.logs.push_back(read_log_text(
      "train.log", "step:2979/20000 val_loss:2.0089 val_bpb:1.1898 train_time:600055ms step_avg:201.43ms\n"));
  assign_roles(s);
  const auto r = first(kRuleClaimScore, s);
  EXPECT_EQ(r.severity, Severity::error);
  EXPECT_THAT(r.message, HasSubstr("before quantization"));
}

TEST(ClaimScore, CannotTellWithoutLogs) {
  EXPECT_EQ(score(R"({"val_bpb": 1.08})", {}).verdict, Verdict::inconclusive);
  EXPECT_EQ(score("{}").verdict, Verdict::inconclusive);
  EXPECT_EQ(score("").verdict, Verdict::not_applicable);
}

TEST(ClaimReadme, ComparesTheHeadlineAtItsRounding) {
  Submission s = sample_submission(sample_runs());
  s.readme = "README.md";
  const auto with = [&](const char* text) {
    s.readme_scores = {ReadmeHeadline{*parse_decimal(text), 4, text}};
    return first(kRuleClaimReadme, s);
  };
  EXPECT_EQ(with("1.081").verdict, Verdict::pass);
  EXPECT_EQ(with("1.08100").verdict, Verdict::pass);
  EXPECT_EQ(with("1.2154").severity, Severity::warning);
  s.readme_text = "prose: we reach 1.0810 at last";
  EXPECT_EQ(with("1.2154").verdict, Verdict::pass);
}

TEST(ClaimStd, NamesTheKindOfDeviation) {
  const auto with = [](const char* json) { return first(kRuleClaimStd, sample_submission(sample_runs(), json)); };
  EXPECT_EQ(with(R"({"val_bpb": 1.081, "val_bpb_std": 0.0002})").verdict, Verdict::pass);
  EXPECT_EQ(with(R"({"val_bpb": 1.081, "val_bpb_std": 0.00016068})").severity, Severity::info);
  EXPECT_EQ(with(R"({"val_bpb": 1.081, "val_bpb_std": 0.00054})").severity, Severity::warning);
  EXPECT_EQ(with(R"({"val_bpb": 1.081, "val_bpb_std": 0.000196})").severity, Severity::info);
  EXPECT_EQ(with(R"({"val_bpb": 1.081})").verdict, Verdict::not_applicable);
  EXPECT_EQ(first(kRuleClaimStd, sample_submission({{}}, R"({"val_bpb": 1.081, "val_bpb_std": 0.0002})")).verdict,
            Verdict::inconclusive);
}

TEST(ClaimFields, ComparesEachFieldWithTheLogs) {
  const auto with = [](const char* json) { return run_rule(kRuleClaimFields, sample_submission(sample_runs(), json)); };
  EXPECT_EQ(
      with(
          R"({"val_bpb": 1.081, "val_loss": 2.7923, "bytes_code": 16594, "step_stop": 4550, "wallclock_seconds": 588.047})")
          [0]
              .verdict,
      Verdict::pass);
  const auto wrong = with(R"({"val_bpb": 1.081, "val_loss": 2.81, "bytes_code": 16000, "step_stop": 4560})");
  EXPECT_EQ(wrong.size(), 3u);
  for (const auto& r : wrong) EXPECT_EQ(r.severity, Severity::warning);
}

TEST(ClaimPerSeed, ComparesEachSeedWithItsLog) {
  const auto with = [](const char* json) {
    return run_rule(kRuleClaimPerSeed, sample_submission(sample_runs(), json));
  };
  EXPECT_EQ(
      with(
          R"({"val_bpb": 1.081, "seed_results": {"42": {"val_bpb": 1.0808, "steps": 4550}, "314": {"val_bpb": 1.08103}}})")
          [0]
              .verdict,
      Verdict::pass);
  const auto wrong = with(
      R"({"val_bpb": 1.081, "seed_results": {"42": {"val_bpb": 1.0700, "steps": 4551, "artifact_bytes": 15991800}}})");
  ASSERT_EQ(wrong.size(), 3u);
  EXPECT_EQ(wrong[0].severity, Severity::error);
  EXPECT_EQ(wrong[1].severity, Severity::warning);
}

}  // namespace
}  // namespace pg::verify

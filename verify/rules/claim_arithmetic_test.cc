// The rules about a README's arithmetic. Numbers are those of real submissions and of the reviews that caught them
// (rows of the claims list are named), sentences are not.
#include "verify/rules/claim_arithmetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/claim_figures.h"
#include "verify/rules/claim_gain.h"
#include "verify/rules/claim_selected.h"
#include "verify/rules/claim_table.h"
#include "verify/rules/claim_units.h"
#include "verify/rules/sample_submission.h"

namespace pg::verify {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Three sp8192 runs: mean 1.0827938 bpb, 2.79696892 nats; 2.583104 nats per bpb.
Submission submission_with(const std::string& readme, const char* json = R"({"val_bpb": 1.08279})") {
  SampleRun a, b, c;
  a.name = "train_seed0.log", a.seed = 0, a.val_bpb = "1.08209788", a.val_loss = "2.79517119";
  b.name = "train_seed42.log", b.seed = 42, b.val_bpb = "1.08314800", b.val_loss = "2.79788378";
  c.name = "train_seed1234.log", c.seed = 1234, c.val_bpb = "1.08313564", c.val_loss = "2.79785185";
  Submission s = sample_submission({a, b, c}, json);
  s.readme = "README.md";
  s.readme_text = readme;
  return s;
}

// "" where nothing is wrong, "n/a" where nothing was checked, else the messages.
std::string finding(const Rule& rule, const std::string& readme, const char* json = R"({"val_bpb": 1.08279})") {
  std::string out;
  for (const RuleResult& r : run_rule(rule, submission_with(readme, json))) {
    EXPECT_EQ(r.id, rule.id);
    if (r.verdict == Verdict::not_applicable) return "n/a";
    if (r.verdict != Verdict::fail) continue;
    EXPECT_NE(r.severity, Severity::error);
    EXPECT_FALSE(r.observed.empty() || r.required.empty() || r.evidence.empty() || r.help.empty());
    out += (out.empty() ? "" : "; ") + r.message;
  }
  return out;
}

std::string seed_table(const std::string& more) {
  return "| Seed | Score (BPB) | Steps |\n|---|---|---|\n| 1337 | 1.144045 | 4457 |\n| 1338 | 1.142021 | 4856 |\n| "
         "1339 | 1.141649 | 5310 |\n" +
         more;
}

TEST(ClaimTable, MeansAndDeviationsFollowFromTheRows) {
  EXPECT_EQ(finding(kRuleClaimTable, seed_table("| **Mean** | **1.142572** | 4,874 |\n")), "");
  EXPECT_EQ(finding(kRuleClaimTable, seed_table("| Mean | 1.1426 +/- 0.0013 | |\n")), "");
  EXPECT_EQ(finding(kRuleClaimTable, seed_table("| 3-seed mean | 1.1425 | 4874 |\n| std | 0.001053 | |\n")), "")
      << "cut off; divided by n";
  EXPECT_THAT(finding(kRuleClaimTable, seed_table("| mean | 1.1436 | 5314 |\n")),
              AllOf(HasSubstr("mean of 3 values is 1.1426, not 1.1436"), HasSubstr("is 4874, not 5314")));
}

TEST(ClaimTable, Row47And50DeviationsThatNoFormulaGives) {
  EXPECT_THAT(finding(kRuleClaimTable, seed_table("| Mean | 1.142572 | |\n| Std | 0.001247 | |\n")),
              HasSubstr("0.001289 (n - 1) or 0.001053 (n), not 0.001247"));
  EXPECT_THAT(finding(kRuleClaimTable, "At 28 %: 1.144045/1.142021/1.141649; mean 1.142572, std 0.001247\n"),
              HasSubstr("not 0.001247"));
  EXPECT_THAT(finding(kRuleClaimTable, "later 1.138161 / 1.135610 / 1.135425, mean 1.136399 \xC2\xB1 0.001492\n"),
              HasSubstr("0.001529 (n - 1) or 0.001248 (n), not 0.001492"));
  EXPECT_EQ(finding(kRuleClaimTable, "1.138161 / 1.135610 / 1.135425, mean 1.136399, std 0.001248\n"), "");
}

TEST(ClaimTable, DeviationsWithinTwoPercentAreInformation) {
  const auto r = run_rule(kRuleClaimTable, submission_with(seed_table("| Std | 0.001270 | |\n")));
  ASSERT_EQ(r.front().verdict, Verdict::fail);
  EXPECT_EQ(r.front().severity, Severity::info);
}

TEST(ClaimTable, SaysWhichRowsASelectedMeanIsOf) {
  EXPECT_THAT(finding(kRuleClaimTable, seed_table("| Mean | 1.141835 | |\n")),
              HasSubstr("the mean of the 2 lowest of the 3"));
}

TEST(ClaimTable, LeavesAloneWhatItCannotReadWithCertainty) {
  EXPECT_EQ(finding(kRuleClaimTable, "no numbers\n"), "n/a");
  EXPECT_EQ(finding(kRuleClaimTable, seed_table("| Mean | | |\n")), "n/a");
  EXPECT_EQ(finding(kRuleClaimTable, seed_table("| Mean | ~1.15 | ~9000 |\n")), "n/a");
  EXPECT_EQ(finding(kRuleClaimTable, seed_table("| baseline | 1.2 | 1 |\n| Mean | 1.3 | 2 |\n")), "n/a");
  EXPECT_EQ(finding(kRuleClaimTable, "| Config | BPB |\n|---|---|\n| 1 | 1.10 |\n| 2 | 1.20 |\n| Mean | 1.9 |\n"),
            "n/a")
      << "no seeds";
  EXPECT_EQ(finding(kRuleClaimTable, "| Seed | t |\n|---|---|\n| 1 | 590s |\n| 2 | failed 3 |\n| Mean | 700s |\n"),
            "n/a");
}

TEST(ClaimArithmetic, Row19ChangesFollowFromTheirEnds) {
  EXPECT_EQ(finding(kRuleClaimArithmetic,
                    "1.07751\xE2\x86\x92"
                    "1.08035 (+.00284), 1.07809\xE2\x86\x92"
                    "1.08097 (+.00288)\n"),
            "");
  EXPECT_THAT(finding(kRuleClaimArithmetic, "seed 42: 1.07809 -> 1.08097 (+.00314)\n"),
              HasSubstr("the change is 0.00288, not 0.00314"));
  EXPECT_EQ(finding(kRuleClaimArithmetic, "1.0870 -> 1.0835 (-0.3%), lr 0.01 -> 0.02 (x2)\n"), "n/a");
}

TEST(ClaimArithmetic, Row15And25SumsAndDifferences) {
  EXPECT_EQ(finding(kRuleClaimArithmetic, "1.08014 + 0.00284 = 1.08298, against 1.08563 - 1.07813 = 0.0075\n"), "");
  EXPECT_THAT(finding(kRuleClaimArithmetic, "corrected: 1.08014 + 0.00284 = 1.08309\n"),
              HasSubstr("is 1.08298, not 1.08309"));
  EXPECT_THAT(finding(kRuleClaimArithmetic, "1.08563 - 1.07813 = 0.01938\n"), HasSubstr("is 0.00750, not 0.01938"));
  EXPECT_EQ(finding(kRuleClaimArithmetic, "62,021,632 / 64 = 969,088\n"), "");
  for (const char* text : {"2026-04-09", "10 - 20", "a 1 x 2 + 3 = 5", "lr = 3 - 1 = 2 x 1", "1 - 0.5 ~= 0.7",
                           "5 MB - 3 KB = 2", "5120 x 64 = 0.33 MB", "512 x 32 = 16 K params",
                           "3 + 4\xC2\xB7"
                           "3 + 9 = 24"})
    EXPECT_EQ(finding(kRuleClaimArithmetic, text), "n/a") << text;
}

TEST(ClaimArithmetic, Row17HeadroomIsTheRestOfTheLimit) {
  EXPECT_EQ(finding(kRuleClaimArithmetic, "Headroom: s0 15,992,304 (7,696), s42 15,993,733 (6,267)\n"), "");
  EXPECT_THAT(finding(kRuleClaimArithmetic, "Artifact 15,992,304 bytes (9,696 bytes headroom)\n"),
              HasSubstr("leave 7,696 of 16,000,000, not 9,696"));
  EXPECT_THAT(finding(kRuleClaimArithmetic, "Artifact 15,992,304 bytes (784,912 bytes under the cap)\n"),
              HasSubstr("counts 16 MiB"));
  EXPECT_EQ(finding(kRuleClaimArithmetic, "16,000,000 - 15,992,304 = 7,696\n"), "");
  EXPECT_THAT(
      finding(kRuleClaimArithmetic,
              "| Seed | Bytes | Headroom |\n|---|---|---|\n| 0 | 15,992,304 | 7,696 |\n| 42 | 15,993,733 | 6,627 |\n"),
      AllOf(HasSubstr("leave 6,267"), Not(HasSubstr("7,696"))));
  EXPECT_EQ(finding(kRuleClaimArithmetic,
                    "margins 7,454\xE2\x80\x93"
                    "10,942 bytes; 21+ KB headroom at 15,978,834 bytes\n"),
            "n/a");
  // The limit in a column of its own is no size.
  EXPECT_EQ(finding(kRuleClaimArithmetic,
                    "| What | Limit | Largest | Headroom |\n|---|---|---|---|\n| Size | 16,000,000 | 15,947,664 (of 3) "
                    "| 52,336 |\n"),
            "n/a");
}

TEST(ClaimUnits, Row26And14PairsConvertWithTheRunsFactor) {
  EXPECT_EQ(finding(kRuleClaimUnits, "the leak is +0.00284 bpb \xE2\x89\x88 +0.00734 nats\n"), "");
  EXPECT_EQ(finding(kRuleClaimUnits,
                    "**\xE2\x88\x92"
                    "0.00284 bpb = \xE2\x88\x92"
                    "0.00731 nats** vs PR #1394\n"),
            "")
      << "from rounded scores";
  EXPECT_EQ(finding(kRuleClaimUnits, "0.0073 nats per token (0.0028 BPB)\n"), "");
  EXPECT_EQ(finding(kRuleClaimUnits, "val_bpb: 1.08279 bpb (2.79697 nats)\n"), "");
  EXPECT_THAT(finding(kRuleClaimUnits, "val_bpb: 1.08279 bpb (2.8200 nats)\n"), HasSubstr("are 2.7970 nats"));
}

TEST(ClaimUnits, NamesTheTokenizerWhoseFactorWasUsed) {
  EXPECT_THAT(finding(kRuleClaimUnits, "-0.00644 BPB / -0.01409 nats\n"),
              AllOf(HasSubstr("are 0.01664 nats"), HasSubstr("the factor of sp8192 with CaseOps")));
}

TEST(ClaimUnits, NatsPerByteAreAUnitToBeNamed) {
  EXPECT_EQ(finding(kRuleClaimUnits, "-0.01385513 BPB / -0.00960 nats per byte\n"), "");
  const auto r = run_rule(kRuleClaimUnits, submission_with("-0.0223 BPB = -0.0155 nats\n"));
  EXPECT_EQ(r.front().severity, Severity::info);
  EXPECT_THAT(r.front().message, HasSubstr("nats per byte"));
  EXPECT_THAT(finding(kRuleClaimUnits, "0.00199 BPB = 0.00138 nats/token\n"), HasSubstr("are 0.00514 nats per token"));
}

TEST(ClaimUnits, Row23AForeignTokenizersRunIsNotConvertedWithOurFactor) {
  EXPECT_THAT(finding(kRuleClaimUnits, "against #1019 (sp1024): +0.03382 bpb = +0.08736 nats\n"),
              HasSubstr("of the tokenizer named"));
  EXPECT_EQ(finding(kRuleClaimUnits, "against #1019 (sp1024): +0.03382 bpb = +0.05710 nats\n"), "");
  EXPECT_EQ(finding(kRuleClaimUnits, "their 1.11473509 BPB (1.88217853 nats)\n"), "n/a") << "another run's level";
}

TEST(ClaimUnits, Row24TheFactorIsNotBytesPerToken) {
  EXPECT_THAT(finding(kRuleClaimUnits, "nats = bpb x 2.583 (mean bytes per token in the validation set)\n"),
              HasSubstr("the mean bytes per token are 3.7266"));
  EXPECT_EQ(finding(kRuleClaimUnits, "3.7266 bytes per token; 2.583 nats per bpb\n"), "n/a");
}

TEST(ClaimUnits, Row22BitsPerByteAreNotHeldAgainstABarInNats) {
  EXPECT_THAT(finding(kRuleClaimUnits, "+0.00472 bpb fails the 0.005-nat bar\n"),
              HasSubstr("0.01219 nats per token, which reaches the bar"));
  EXPECT_THAT(finding(kRuleClaimUnits, "The gain of +0.00472 falls short of the 0.005 nats required\n"),
              HasSubstr("in bpb"));
  EXPECT_EQ(finding(kRuleClaimUnits, "+0.00172 bpb fails the 0.005-nat bar\n"), "") << "0.0044 nats do";
  EXPECT_EQ(finding(kRuleClaimUnits, "+0.00472 bpb clears the 0.005-nat bar\n"), "");
}

TEST(ClaimUnits, NeedsTheRunsFactor) {
  Submission s = submission_with("0.1 bpb / 0.2 nats");
  s.runs.clear();
  EXPECT_EQ(run_rule(kRuleClaimUnits, s).front().verdict, Verdict::not_applicable);
}

TEST(ClaimGain, GainOverANamedScoreIsTheDifference) {
  EXPECT_EQ(finding(kRuleClaimGain, "Beats PR #1394 (1.08563) by **0.00283 bpb / 0.00731 nats per token**\n"), "");
  EXPECT_THAT(finding(kRuleClaimGain, "Beats PR #1394 (1.08563) by 0.00731 bpb\n"),
              HasSubstr("is 0.00284 bpb, not 0.00731"));
  EXPECT_THAT(finding(kRuleClaimGain, "**Improvement over merged SOTA** (1.0810 BPB): -0.00907 BPB\n"),
              HasSubstr("not 0.00907"));
  EXPECT_EQ(finding(kRuleClaimGain, "TTT beats plain evaluation (1.0950) by 0.002 bpb\n"), "n/a")
      << "nobody's score by name";
  EXPECT_EQ(finding(kRuleClaimGain, "beats #1 (1.09) by 0.007 bpb and #2 (1.0850) by 0.0022 bpb\n"), "n/a");
}

TEST(ClaimGain, Row27TimesTheBar) {
  EXPECT_EQ(finding(kRuleClaimGain, "0.01219 nats, 2.4x the 0.005-nat bar\n"), "");
  EXPECT_THAT(finding(kRuleClaimGain, "0.00210 nats, 1.2\xC3\x97 the 0.005-nat record bar\n"),
              HasSubstr("0.4 times 0.005 nats, not 1.2"));
}

TEST(ClaimGain, Row11TheMeansMarginIsNotEverySeeds) {
  EXPECT_THAT(finding(kRuleClaimGain, "-0.00731 nats vs #1394, clearing the 0.005 nats bar by 0.00231 per seed\n"),
              HasSubstr("per seed it is 0.0041, 0.0014, 0.0014"));
  EXPECT_EQ(finding(kRuleClaimGain, "-0.00731 nats vs #1394, clearing the 0.005 nats bar by 0.00231 on the mean\n"),
            "n/a");
}

TEST(ClaimSelected, ReadmeThatSaysSoIsQuoted) {
  EXPECT_THAT(finding(kRuleClaimSelected, "Score: best 5 of 7 seeds.\n"), HasSubstr("best 5 of 7"));
  EXPECT_THAT(finding(kRuleClaimSelected, "We report the 5 lowest of 7 runs\n"), HasSubstr("best 5 of 7"));
  EXPECT_THAT(finding(kRuleClaimSelected, "Mean over all 7 seeds = 1.0648. Mean of the 5 lowest = 1.0645.\n"),
              HasSubstr("best 5 of 7"));
  for (const char* text :
       {"5 of 7 layers are int6", "top 5 of 1000 tokens", "3 of 3 seeds", "best of 3", "the best 2 of 9 heads"})
    EXPECT_EQ(finding(kRuleClaimSelected, text), "n/a") << text;
}

TEST(ClaimFigures, Row53MeanOfStepsThatIsNone) {
  EXPECT_THAT(
      finding(kRuleClaimFigures, "x",
              R"({"step_stop_mean": 5314, "train_step_count_per_seed": {"1337": 4457, "1338": 4856, "1339": 5310}})"),
      HasSubstr("step_stop_mean is 5314, but the 3 values of train_step_count_per_seed have the mean 4874.3333"));
  EXPECT_EQ(
      finding(kRuleClaimFigures, "x",
              R"({"step_stop_mean": 4874, "train_step_count_per_seed": {"1337": 4457, "1338": 4856, "1339": 5310}})"),
      "");
}

TEST(ClaimFigures, Row50DeviationBesideItsValues) {
  const char* json =
      R"({"val_bpb": 1.136399, "other_bpb_std": 0.001492, "other_bpb_per_seed": {"1337": 1.138161, "1338": 1.135610, "1339": 1.135425}})";
  EXPECT_THAT(finding(kRuleClaimFigures, "x", json), HasSubstr("0.001529 (n - 1) or 0.001248 (n)"));
}

TEST(ClaimFigures, ReadsBothShapesOfResultsPerSeed) {
  EXPECT_EQ(finding(kRuleClaimFigures, "x",
                    R"({"mean_val_bpb": 1.15, "seed_results": {"1": {"val_bpb": 1.1}, "2": {"val_bpb": 1.2}}})"),
            "");
  EXPECT_THAT(
      finding(kRuleClaimFigures, "x",
              R"({"mean_val_bpb": 1.1480, "seed_results": {"1": {"val_bpb": 1.1000}, "2": {"val_bpb": 1.2000}}})"),
      HasSubstr("mean 1.15"));
  EXPECT_THAT(finding(kRuleClaimFigures, "x", R"({"eval_time_s_mean": 300, "eval_time_s_per_seed": [400.5, 410.5]})"),
              HasSubstr("mean 405.5"));
  EXPECT_EQ(finding(kRuleClaimFigures, "x", R"({"step_avg_ms": 120, "seeds": [1, 2]})"), "n/a");
  EXPECT_EQ(finding(kRuleClaimFigures, "x", R"({"extended_mean": 1.04, "extended_seeds": [42, 314, 999]})"), "n/a");
  EXPECT_EQ(finding(kRuleClaimFigures, "x", R"({"a": {"x_mean": 3}, "b": {"x_per_seed": [1, 2]}})"), "n/a")
      << "not beside it";
}

}  // namespace
}  // namespace pg::verify

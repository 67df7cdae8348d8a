#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/sample_submission.h"
#include "verify/rules/time_eval.h"
#include "verify/rules/time_hardware.h"
#include "verify/rules/time_phases.h"
#include "verify/rules/time_train.h"

namespace pg::verify {
namespace {

using testing::HasSubstr;

std::vector<RuleResult> check(const Rule& rule, SampleRun run, const char* track = "10min_16mb") {
  return run_rule(rule, sample_submission({run}, R"({"val_bpb": 1.0810})", track));
}

TEST(TimeTrain, PassesWithTheMarginLeft) {
  const auto r = check(kRuleTimeTrain, {});
  ASSERT_EQ(r.size(), 1u);
  EXPECT_EQ(r[0].verdict, Verdict::pass);
  EXPECT_EQ(r[0].margin, "11.953 s left");
}

TEST(TimeTrain, ReportsTheLastStepAsInformation) {
  const auto r = check(kRuleTimeTrain, {.train_ms = 600'137});
  EXPECT_EQ(r[0].verdict, Verdict::fail);
  EXPECT_EQ(r[0].severity, Severity::info);
  EXPECT_EQ(check(kRuleTimeTrain, {.train_ms = 600'150})[0].severity, Severity::info);
}

TEST(TimeTrain, FailsBeyondTheLastStep) {
  const auto r = check(kRuleTimeTrain, {.train_ms = 600'151});
  EXPECT_EQ(r[0].verdict, Verdict::fail);
  EXPECT_EQ(r[0].severity, Severity::error);
  EXPECT_EQ(r[0].margin, "151 ms over");
  EXPECT_EQ(r[0].evidence[0].file, "train_seed42.log");
  EXPECT_NE(r[0].evidence[0].line, 0u);
}

TEST(TimeTrain, CannotTellWhereTheMachineIsNotTheLimitsOne) {
  EXPECT_EQ(check(kRuleTimeTrain, {.train_ms = 2'400'107, .world_size = 2})[0].verdict, Verdict::inconclusive);
  EXPECT_EQ(check(kRuleTimeEval, {.eval_ms = 1'233'524, .world_size = 1})[0].verdict, Verdict::inconclusive);
}

TEST(TimeTrain, BindsTheRecordTrackOnly) {
  EXPECT_EQ(check(kRuleTimeTrain, {.train_ms = 7'763'355}, "non_record_16mb")[0].verdict, Verdict::not_applicable);
}

TEST(TimeTrain, CannotTellWithoutATime) {
  Submission s = sample_submission({}, R"({"val_bpb": 1.0810})");
  s.logs.push_back(read_log_text("eval.log", "quantized_ttt val_loss:2.79 val_bpb:1.0810 eval_time:5000ms\n"));
  assign_roles(s);
  EXPECT_EQ(run_rule(kRuleTimeTrain, s)[0].verdict, Verdict::inconclusive);
  // The training of the same seed in a log of its own is that run's training.
  s.logs.push_back(read_log_text("train_seed42.log", sample_log({})));
  s.logs[0] = read_log_text("eval_seed42.log", "quantized_ttt val_loss:2.79 val_bpb:1.0810 eval_time:5000ms\n");
  assign_roles(s);
  ASSERT_EQ(s.runs[1].role, Role::training_stage);
  EXPECT_EQ(run_rule(kRuleTimeTrain, s)[0].verdict, Verdict::pass);
}

TEST(TimeEval, FailsWhereTheClaimedEvaluationIsTooLong) {
  EXPECT_EQ(check(kRuleTimeEval, {.eval_ms = 600'000})[0].verdict, Verdict::pass);
  const auto r = check(kRuleTimeEval, {.eval_ms = 600'001});
  EXPECT_EQ(r[0].verdict, Verdict::fail);
  EXPECT_EQ(r[0].severity, Severity::error);
}

TEST(TimeEval, SaysUnderWhichReadingASumIsTooLong) {
  const auto warmup = check(kRuleTimeEval, {.eval_ms = 500'000, .extra = "ttt_lora:compile warmup done (122.0s)\n"});
  EXPECT_EQ(warmup[0].severity, Severity::warning);
  EXPECT_THAT(warmup[0].message, HasSubstr("622.0 s"));
  EXPECT_THAT(warmup[0].message, HasSubstr("warm-up"));
  const auto timers =
      check(kRuleTimeEval,
            {.eval_ms = 500'000, .extra = "quantized_sliding_window val_loss:2.8 val_bpb:1.09 eval_time:120000ms\n"});
  EXPECT_THAT(timers[0].message, HasSubstr("620.0 s"));
  EXPECT_THAT(timers[0].message, HasSubstr("not only the claimed one"));
  // What is evaluated ahead of quantization is training's business.
  EXPECT_EQ(
      check(kRuleTimeEval, {.eval_ms = 500'000,
                            .extra = "pre-quantization post-ema val_loss:2.8 val_bpb:1.09 eval_time:120000ms\n"})[0]
          .verdict,
      Verdict::pass);
}

TEST(TimeEval, DoesNotBelieveZero) {
  const auto r = check(kRuleTimeEval, {.eval_ms = 0});
  EXPECT_EQ(r[0].verdict, Verdict::fail);
  EXPECT_EQ(r[0].severity, Severity::warning);
}

TEST(TimePhases, SumsCalibrationOntoTraining) {
  EXPECT_EQ(check(kRuleTimePhases, {.extra = "GPTQ:collected 67 Hessians in 11.9s\n"})[0].verdict, Verdict::pass);
  const auto r = check(kRuleTimePhases, {.extra = "GPTQ:collected 67 Hessians in 12.7s\n"});
  EXPECT_EQ(r[0].verdict, Verdict::fail);
  EXPECT_EQ(r[0].severity, Severity::warning);
  EXPECT_THAT(r[0].message, HasSubstr("600.7 s"));
  EXPECT_THAT(r[0].message, HasSubstr("ruled out"));
}

TEST(TimePhases, KnowsSelfGeneratedCalibration) {
  const auto r = check(kRuleTimePhases, {.train_ms = 600'109, .extra = "gptq:generated 64 sequences in 196.7s\n"});
  EXPECT_THAT(r[0].message, HasSubstr("the model generates"));
  EXPECT_THAT(r[0].message, testing::Not(HasSubstr("ruled out")));
}

TEST(TimePhases, HoldsALogToItsOwnBound) {
  const auto r = check(kRuleTimePhases, {.extra = "artifact_production_wallclock: 825.352s (must be < 600.0)\n"});
  EXPECT_THAT(r[0].message, HasSubstr("825.4 s"));
}

TEST(TimeRules, SayNothingWithoutARun) {
  const Submission s = sample_submission({}, R"({"val_bpb": 1.0810})");
  for (const Rule& rule : {kRuleTimeTrain, kRuleTimeEval, kRuleTimePhases, kRuleTimeHardware})
    EXPECT_EQ(run_rule(rule, s)[0].verdict, Verdict::not_applicable) << rule.id;
}

TEST(TimeHardware, WarnsWhereTheLogShowsAnotherMachine) {
  EXPECT_EQ(check(kRuleTimeHardware, {.gpu = "NVIDIA H100 80GB HBM3"})[0].verdict, Verdict::pass);
  EXPECT_EQ(check(kRuleTimeHardware, {})[0].verdict, Verdict::pass);
  EXPECT_THAT(check(kRuleTimeHardware, {.gpu = "NVIDIA H200"})[0].message, HasSubstr("8x NVIDIA H200"));
  EXPECT_EQ(check(kRuleTimeHardware, {.world_size = 1})[0].severity, Severity::warning);
}

}  // namespace
}  // namespace pg::verify

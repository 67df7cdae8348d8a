#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/sample_submission.h"
#include "verify/rules/seeds_count.h"
#include "verify/rules/seeds_declared.h"
#include "verify/rules/seeds_disclosed.h"
#include "verify/rules/seeds_name.h"
#include "verify/rules/seeds_same.h"

namespace pg::verify {
namespace {

using testing::HasSubstr;

RuleResult first(const Rule& rule, const Submission& s) {
  return run_rule(rule, s).front();
}

TEST(SeedsCount, AsksForThreeInTheRecordTrack) {
  EXPECT_EQ(first(kRuleSeedsCount, sample_submission(sample_runs())).verdict, Verdict::pass);
  EXPECT_EQ(first(kRuleSeedsCount, sample_submission({{}})).severity, Severity::warning);
  EXPECT_EQ(first(kRuleSeedsCount, sample_submission({{}}, "{}", "non_record_16mb")).verdict, Verdict::not_applicable);
}

TEST(SeedsName, FailsWhereNameAndLogDisagree) {
  EXPECT_EQ(first(kRuleSeedsName, sample_submission(sample_runs())).verdict, Verdict::pass);
  SampleRun run;
  run.name = "train_seed0.log";
  const auto r = first(kRuleSeedsName, sample_submission({run}));
  EXPECT_EQ(r.severity, Severity::error);
  EXPECT_THAT(r.message, HasSubstr("named after seed 0, but ran with seed 42"));
  run.name = "train_v2.txt";
  EXPECT_EQ(first(kRuleSeedsName, sample_submission({run})).verdict, Verdict::pass) << "a number that is no seed";
}

TEST(SeedsDeclared, FailsWhereADeclaredSeedIsAnother) {
  auto runs = sample_runs();
  EXPECT_EQ(first(kRuleSeedsDeclared, sample_submission(runs)).verdict, Verdict::pass);
  runs[2].name = "c.log", runs[2].seed = 1000;
  EXPECT_EQ(first(kRuleSeedsDeclared, sample_submission(runs)).severity, Severity::error);
}

TEST(SeedsDeclared, WarnsWhereALogIsMissing) {
  const auto r = first(kRuleSeedsDeclared, sample_submission({{}}));
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_THAT(r.message, HasSubstr("314, 999"));
}

TEST(SeedsSame, FindsSharedSeedsScoresAndCopies) {
  EXPECT_EQ(first(kRuleSeedsSame, sample_submission(sample_runs())).verdict, Verdict::pass);
  auto runs = sample_runs();
  runs[1].name = "b.log", runs[1].seed = 42;
  EXPECT_THAT(first(kRuleSeedsSame, sample_submission(runs)).message, HasSubstr("share seed 42"));
  runs = sample_runs();
  runs[1].val_bpb = runs[0].val_bpb;
  EXPECT_THAT(first(kRuleSeedsSame, sample_submission(runs)).message, HasSubstr("the same val_bpb"));
  runs = sample_runs();
  runs.push_back(runs[0]);
  runs.back().name = "train.log";
  const Submission s = sample_submission(runs);
  EXPECT_EQ(s.runs[3].role, Role::duplicate);
  EXPECT_EQ(s.recomputed.n, 3);
  EXPECT_EQ(first(kRuleSeedsSame, s).severity, Severity::info);
}

TEST(SeedsDisclosed, ComputesTheMeanOverEverythingThatRan) {
  const auto r = first(
      kRuleSeedsDisclosed,
      sample_submission(
          sample_runs(),
          R"({"val_bpb": 1.081, "seed_results": {"42": {"val_bpb": 1.0808}, "314": {"val_bpb": 1.0810}, "999": {"val_bpb": 1.0812}},
                           "seed_results_all_runs_disclosure": {"42": {"val_bpb": 1.0808}, "314": {"val_bpb": 1.0810}, "999": {"val_bpb": 1.0812}, "7": {"val_bpb": 1.0900}}})"));
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_THAT(r.message, HasSubstr("the best runs were selected"));
  EXPECT_THAT(r.message, HasSubstr("1.08325"));
}

TEST(Roles, SplitTheClaimFromOtherConfigurationsAndAblations) {
  auto runs = sample_runs();
  runs.push_back({.name = "wide.log", .seed = 1, .val_loss = "2.9", .val_bpb = "1.12267933"});
  runs.push_back({.name = "last.log", .seed = 1, .val_loss = "3.1", .val_bpb = "1.20010000", .metric = "quantized"});
  runs.push_back({.name = "rerun_seed42.log", .val_loss = "2.79", .val_bpb = "1.08001000"});
  const Submission s = sample_submission(runs);
  EXPECT_EQ(s.runs[2].role, Role::claim);
  EXPECT_EQ(s.runs[3].role, Role::other_config);
  EXPECT_EQ(s.runs[4].role, Role::ablation);
  EXPECT_EQ(s.runs[5].role, Role::rerun);
  EXPECT_EQ(s.recomputed.n, 3);
  EXPECT_NEAR(*s.recomputed.std_bpb, 0.000196796, 1e-8);
}

TEST(Roles, FollowTheClaimToAnUnrankedMetric) {
  SampleRun run;
  run.extra = "final_slot_exact val_loss:2.3 val_bpb:0.89041234\n";
  const Submission s = sample_submission({run}, R"({"val_bpb": 0.8904})");
  EXPECT_EQ(s.last_run(s.runs[0]).metric_name, "final_slot_exact");
  run.extra = "quantized_sliding_window val_loss:2.3 val_bpb:1.09041234\n";
  const Submission ranked = sample_submission({run}, R"({"val_bpb": 1.0904})");
  EXPECT_EQ(ranked.last_run(ranked.runs[0]).metric_name, "quantized_ttt") << "records.md ranks both names";
}

TEST(Roles, FollowTheClaimToAScoreInNoKnownForm) {
  SampleRun run;
  run.extra = "TTT BPB: 0.8904\n";
  const Submission s = sample_submission({run}, R"({"val_bpb": 0.8904})");
  EXPECT_EQ(s.last_run(s.runs[0]).val_bpb->text, "0.8904");
  EXPECT_EQ(sample_submission({run}, R"({"val_bpb": 0.8905})").last_run(s.runs[0]).metric_name, "quantized_ttt");
}

TEST(Roles, KeepTheClaimedRunOfASeedApartFromItsOtherRuns) {
  SampleRun again;
  again.name = "try2_seed42.log", again.val_bpb = "1.08090000";
  const Submission s =
      sample_submission({{}, again}, R"({"val_bpb": 1.08103, "seed_results": {"42": {"val_bpb": 1.08103103}}})");
  EXPECT_EQ(s.runs[0].role, Role::claim);
  EXPECT_EQ(s.runs[1].role, Role::rerun);
}

TEST(Roles, TakeRunsFarApartTogetherWhereTheirMeanIsTheClaim) {
  SampleRun far;
  far.name = "b.log", far.seed = 7, far.val_bpb = "1.09103103";
  const Submission s = sample_submission({{}, far}, R"({"val_bpb": 1.08603})");
  EXPECT_EQ(s.runs[0].role, Role::claim);
  EXPECT_EQ(s.runs[1].role, Role::claim);
}

TEST(Roles, TakeASummaryForALogOnlyWhereNoLogHasItsScore) {
  const auto with = [](const char* json) {
    Submission s = sample_submission({{}}, json);
    s.logs.push_back(read_log_text("summary.txt", "mean BPB: 1.08103103\nTTT BPB: 1.0234\n"));
    s.logs.push_back(read_log_text("notes.txt", "nothing\n"));
    sort_out_logs(s);
    return s;
  };
  EXPECT_EQ(with(R"({"val_bpb": 1.08103103})").logs.size(), 1u);
  EXPECT_EQ(with(R"({"val_bpb": 1.0234})").logs.size(), 2u);
  EXPECT_EQ(with(R"({"val_bpb": 1.0234})").not_logs, std::vector<std::string>{"notes.txt"});
}

TEST(Roles, FollowTheClaimToTheMeanOfAnUnrankedMetric) {
  auto runs = sample_runs();
  runs[0].extra = "final_slot_exact val_loss:2.3 val_bpb:0.89\nfinal_slot_exact val_loss:2.3 val_bpb:0.90000000\n";
  runs[1].extra = "final_slot_exact val_loss:2.3 val_bpb:0.90100000\n";
  runs[2].extra = "final_slot_exact val_loss:2.3 val_bpb:0.90200000\n";
  const Submission s = sample_submission(runs, R"({"val_bpb": 0.9010})");
  EXPECT_EQ(s.recomputed.n, 3);
  EXPECT_NEAR(*s.recomputed.mean_bpb, 0.901, 1e-12);
  EXPECT_EQ(s.last_run(s.runs[0]).metric_name, "final_slot_exact");
}

TEST(Roles, TakeALogThatStringsTheOthersTogetherForADuplicate) {
  Submission s = sample_submission(sample_runs());
  s.logs.push_back(read_log_text("train.log", sample_log(sample_runs()[0]) + sample_log(sample_runs()[1])));
  assign_roles(s);
  EXPECT_EQ(s.runs[3].role, Role::duplicate);
  EXPECT_EQ(s.recomputed.n, 3);
}

TEST(Roles, LetDeclaredSeedsDecideWhereTheirMeanIsTheClaim) {
  auto runs = sample_runs();
  runs.push_back({.name = "train_seed7.log", .seed = 7, .val_loss = "2.79", .val_bpb = "1.08301000"});
  EXPECT_EQ(sample_submission(runs).runs[3].role, Role::rerun);
  EXPECT_EQ(sample_submission(runs, R"({"val_bpb": 1.08150466, "seeds": [42, 314, 999]})").runs[3].role, Role::claim);
}

TEST(Roles, TakeTheSeedOfAnEvaluationFromItsName) {
  Submission s = sample_submission({}, R"({"val_bpb": 1.0858})");
  s.logs.push_back(
      read_log_text("eval_seed1337.log", "seed: 42\nquantized_ttt val_loss:2.8 val_bpb:1.08582287 eval_time:5ms\n"));
  assign_roles(s);
  EXPECT_EQ(s.runs[0].seed, 1337);
}

TEST(Roles, ReadTheSeedFromAFileName) {
  EXPECT_EQ(seed_in_name("logs/train_seed42.log"), 42);
  EXPECT_EQ(seed_in_name("seed-7.txt"), 7);
  EXPECT_EQ(seed_in_name("hybrid448_s1337.txt"), 1337);
  EXPECT_EQ(seed_in_name("train_v2.txt"), std::nullopt);
  EXPECT_EQ(seed_in_name("seed.log"), std::nullopt);
  EXPECT_EQ(seed_in_name("seed99999999999999999999.log"), std::nullopt);
}

}  // namespace
}  // namespace pg::verify

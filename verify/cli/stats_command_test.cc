#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "verify/cli/exit_code.h"
#include "verify/cli/run_program.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::string kExample = PG_SOURCE_DIR "/submissions/2026-11-21_Example_PackedBaseline";
const std::string kNew = "1.07928348,1.07996676,1.08024795", kOld = "1.08079,1.08103,1.08118";

Finished stats(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "stats");
  return run_pgverify(arguments);
}
json stats_json(std::vector<std::string> arguments, int code) {
  arguments.insert(arguments.end(), {"--format", "json"});
  const Finished done = stats(arguments);
  EXPECT_EQ(done.code, code) << done.err;
  return done.out.empty() ? json() : json::parse(done.out);
}

TEST(StatsCommand, DecidesByThePolicyAndShowsEveryReading) {
  const Finished done = stats({"--new", kNew, "--old", kOld});
  EXPECT_EQ(done.code, kExitOk) << done.err;
  EXPECT_THAT(done.out, HasSubstr("0.0204   <0.25  passes"));
  EXPECT_THAT(done.out, HasSubstr("readme_nats_byte"));
  EXPECT_EQ(stats({"--new", kNew, "--old", kOld, "--policy", "readme-2026-03", "--ratio", "2.5831"}).code,
            kExitViolation);
}

TEST(StatsCommand, RefusesAMarginInNatsPerTokenWithoutTheRunsOwnRatio) {
  const json none =
      stats_json({"--new", kNew, "--old", kOld, "--margin", "0.005", "--unit", "nats/token"}, kExitCannotTell);
  EXPECT_THAT(none["comparison"]["reason"].get<std::string>(), HasSubstr("own val_loss / val_bpb only"));
  const json with =
      stats_json({"--new", kNew, "--old", kOld, "--margin", "0.005", "--unit", "nats/token", "--ratio", "2.583104"},
                 kExitViolation);
  EXPECT_EQ(with["comparison"]["decides"], "asked");
  EXPECT_NEAR(with["comparison"]["readings"][5]["margin_converted"].get<double>(), 0.0019357, 1e-7);
  EXPECT_THAT(stats({"--new", kNew, "--old", kOld, "--unit", "nats"}).err, HasSubstr("does not say per what"));
}

TEST(StatsCommand, ComparesAFolderWithNumbersAndTakesItsRatio) {
  const json value = stats_json({"--new", kExample, "--old", "1.2,1.21,1.22"}, kExitOk);
  EXPECT_EQ(value["comparison"]["new"]["source"], "logged");
  EXPECT_EQ(value["comparison"]["new"]["n"], 3);
  EXPECT_TRUE(value["comparison"]["new"]["ratio"].is_number());
  EXPECT_EQ(value["schema"], "pgverify/stats/v1");
}

TEST(StatsCommand, TestsAgainstABar) {
  const json value = stats_json({"--new",
                                 "3.2775,3.2779,3.2793,3.2791,3.2769,3.2781,3.2772,3.2775,3.2783,3.2775,3.2806,"
                                 "3.2816,3.2773",
                                 "--bar", "3.28", "--values", "nats/token"},
                                kExitOk);
  const json& asked = value["comparison"]["readings"][5];
  EXPECT_NEAR(asked["p"].get<double>(), 0.0006690604490373957, 1e-14);
  EXPECT_EQ(asked["df"], 12);
}

TEST(StatsCommand, ABarHasNoSpreadAndIsNoRun) {
  const Finished welch = stats({"--new", kNew, "--bar", "1.081", "--test", "welch"});
  EXPECT_EQ(welch.code, kExitError);
  EXPECT_THAT(welch.err, HasSubstr("leave --test away for the one-sample test, or give the runs to beat with --old"));
  const json t = stats_json({"--new", kNew, "--bar", "1.081"}, kExitViolation)["comparison"];
  EXPECT_EQ(t["old"]["source"], "bar");
  EXPECT_EQ(t["readings"][0]["status"], "too_few") << "the policy's Welch readings have no answer";
  EXPECT_EQ(t["readings"][5]["test"], "one_sample");
  EXPECT_EQ(t["sensitivity"]["permutation"]["method"], "sign_flips");
  EXPECT_EQ(t["sensitivity"]["permutation"]["p"], 0.125);
  EXPECT_TRUE(t["readings"][5]["detectable_gain"].is_number());
  EXPECT_TRUE(t["readings"][5]["seeds_each"].is_null());
  EXPECT_TRUE(t["readings"][5]["seeds_new"].is_number());
  const json z = stats_json({"--new", kNew, "--bar", "1.081", "--test", "fixed_sigma"}, kExitOk)["comparison"];
  EXPECT_EQ(z["readings"][5]["test"], "fixed_sigma");
  EXPECT_NEAR(z["readings"][5]["standard_error"].get<double>(), 0.00072 / std::sqrt(3.0), 1e-12);
  const Finished text = stats({"--new", kNew, "--bar", "1.081"});
  EXPECT_THAT(text.out, HasSubstr("a bar of 1.081: one fixed number"));
  EXPECT_THAT(text.out, HasSubstr("exact one-sample test by sign flips: p 0.1250"));
  EXPECT_THAT(text.out, HasSubstr("3 seeds against a bar pass"));
  EXPECT_THAT(stats({"--rerun", "--new", kNew, "--bar", "1.081"}).err, HasSubstr("with --old instead of --bar"));
  EXPECT_THAT(stats({"--rerun", "--new", kNew, "--old", kOld, "--test", "welch"}).err, HasSubstr("tests of its own"));
}

TEST(StatsCommand, ARerunOfNumbersIsToldOfTheRatio) {
  const Finished done = stats({"--rerun", "--new", kNew, "--old", kOld});
  EXPECT_EQ(done.code, kExitCannotTell);
  const json value = stats_json({"--rerun", "--new", kNew, "--old", kOld}, kExitCannotTell)["rerun"];
  EXPECT_THAT(value["reason"].get<std::string>(), HasSubstr("--ratio R"));
  EXPECT_THAT(value["reason"].get<std::string>(), HasSubstr("--margin 0.002 --unit bpb"));
  EXPECT_THAT(stats({"--new", kNew, "--old", kOld, "--margin", "0.005", "--unit", "nats/token"}).out,
              HasSubstr("--ratio R"));
  EXPECT_THAT(stats({"--new", kNew, "--old", kOld, "--ratio", "2.5831"}).out, Not(HasSubstr("--ratio")));
}

TEST(StatsCommand, APlanSaysWhereItsLevelComesFrom) {
  const auto from = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"--plan", "3,6"});
    return stats_json(more, kExitOk)["plan"]["alpha_from"].get<std::string>();
  };
  EXPECT_THAT(from({}),
              HasSubstr("the level of the reading \"applied\", which decides under the policy practice-2026-04"));
  EXPECT_EQ(from({"--alpha", "0.05"}), "--alpha");
  EXPECT_THAT(from({"--margin", "0.005"}), HasSubstr("the default beside --margin"));
  EXPECT_THAT(stats({"--plan", "3,6"}).out, HasSubstr("0.25 is the level of the reading"));
}

TEST(StatsCommand, RefusesWhatIsNoScore) {
  EXPECT_THAT(stats({"--new", "1.08,-1.08", "--old", kOld}).err,
              HasSubstr("--new: numbers, line 1: -1.08 is not positive"));
  EXPECT_THAT(stats({"--new", kNew, "--old", "1e300,1"}).err, HasSubstr("--old: numbers, line 1: 1e300 is no score"));
  EXPECT_THAT(stats({"--new", kNew, "--old", "1,inf"}).err, HasSubstr("is no number"));
  EXPECT_THAT(stats({"--new", "", "--old", kOld}).err, HasSubstr("is empty"));
  EXPECT_THAT(stats({"--new", ",", "--old", kOld}).err, HasSubstr("holds no number"));
  for (const char* bar : {"nan", "inf", "-1", "0", "1e300", "x"})
    EXPECT_EQ(stats({"--new", kNew, std::string("--bar=") + bar}).code, kExitError) << bar;
  for (const char* option : {"--margin=nan", "--alpha=nan", "--ratio=nan", "--margin=-1", "--ratio=inf"})
    EXPECT_EQ(stats({"--new", kNew, "--old", kOld, option}).code, kExitError) << option;
  EXPECT_THAT(stats({"--old", kOld, "--plan", "3,6"}).err, HasSubstr("--old needs --new"));
}

TEST(StatsCommand, OneSeedIsNoEvidence) {
  const Finished done = stats({"--new", "1.07", "--old", kOld});
  EXPECT_EQ(done.code, kExitCannotTell);
  EXPECT_THAT(done.out, HasSubstr("the new sample has 1 value, the test needs 2"));
  EXPECT_THAT(done.out, Not(HasSubstr("nan")));
}

TEST(StatsCommand, JudgesRerunsInFourWays) {
  const auto agreement = [&](const std::string& rerun, int code) {
    return stats_json(
        {"--rerun", "--new", rerun, "--old", kOld, "--margin", "0.002", "--unit", "bpb", "--alpha", "0.05"},
        code)["rerun"]["agreement"];
  };
  EXPECT_EQ(agreement("1.0809,1.0811,1.0810", kExitOk), "CONSISTENT");
  EXPECT_EQ(agreement("1.0709,1.0711,1.0710", kExitOk), "BETTER");
  EXPECT_EQ(agreement("1.0909,1.0911,1.0910", kExitViolation), "WORSE");
  EXPECT_EQ(agreement("1.07,1.09", kExitCannotTell), "UNDERPOWERED");
  const json self = stats_json({"--rerun", "--new", kExample, "--old", kExample}, kExitOk);
  EXPECT_EQ(self["rerun"]["agreement"], "CONSISTENT") << "by the policy's margin and the folder's own ratio";
}

TEST(StatsCommand, PlansAreFixedBeforehandAndKnowWhereTheyStand) {
  const json plan = stats_json({"--plan", "3,6,10", "--alpha", "0.01"}, kExitOk)["plan"];
  ASSERT_EQ(plan["looks"].size(), 3u);
  EXPECT_LT(plan["looks"][0]["p"].get<double>(), plan["looks"][2]["p"].get<double>());
  EXPECT_EQ(plan["digest"].get<std::string>().size(), 64u);
  EXPECT_NE(stats_json({"--plan", "3,6,11", "--alpha", "0.01"}, kExitOk)["plan"]["digest"], plan["digest"]);
  const std::vector<std::string> data = {"--new", kNew, "--old", kOld, "--alpha", "0.05", "--plan"};
  const auto at = [&](const char* looks) {
    auto arguments = data;
    arguments.insert(arguments.end(), {looks, "--spending", "bonferroni"});
    return stats(arguments);
  };
  EXPECT_EQ(at("3,6").code, kExitOk) << "p 0.0204 < 0.025";
  EXPECT_EQ(at("3,6,9").code, kExitCannotTell) << "0.0204 > 0.0167: go on";
  EXPECT_THAT(at("3,6,9").out, HasSubstr("go on to the next look"));
  EXPECT_THAT(at("4,8").out, HasSubstr("no look at 3 seeds"));
  EXPECT_EQ(stats({"--plan", "5,3"}).code, kExitCannotTell);
}

TEST(StatsCommand, UsageErrorsSayTheWayOut) {
  EXPECT_EQ(stats({}).code, kExitError);
  EXPECT_THAT(stats({}).err, HasSubstr("--new A --old B"));
  EXPECT_THAT(stats({"--new", kNew}).err, HasSubstr("--old or --bar"));
  EXPECT_THAT(stats({"--new", "nowhere", "--old", kOld}).err, HasSubstr("no such folder or file"));
  EXPECT_THAT(stats({"--new", kExample, "--old", kOld, "--values", "nats/token"}).err, HasSubstr("a folder's scores"));
  EXPECT_EQ(stats({"--new", kNew, "--old", kOld, "--format", "xml"}).code, kExitError);
}

TEST(Baseline, FillsTheReportAndDecidesTheRule) {
  const Finished done = run_pgverify({kExample, "--baseline", kExample, "--format", "json"});
  EXPECT_EQ(done.code, kExitViolation) << "it does not beat itself";
  const json report = json::parse(done.out);
  EXPECT_EQ(report["statistics"]["comparisons"].size(), 1u);
  EXPECT_EQ(report["statistics"]["comparisons"][0]["delta"], 0);
  EXPECT_THAT(done.out, HasSubstr("\"id\":\"PG-STAT-SIGNIFICANCE\""));
  EXPECT_THAT(run_pgverify({kExample, "--baseline", kExample}).out, HasSubstr("gain   +0.000000 bpb over"));
  EXPECT_EQ(run_pgverify({kExample, "--baseline", "/nonexistent"}).code, kExitError);
  const Finished alone = run_pgverify({kExample, "--format", "json"});
  EXPECT_EQ(alone.code, kExitOk);
  EXPECT_TRUE(json::parse(alone.out)["statistics"].is_null());
}

}  // namespace
}  // namespace pg::verify

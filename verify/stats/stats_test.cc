#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "verify/stats/equivalence.h"
#include "verify/stats/multiplicity.h"
#include "verify/stats/permutation.h"
#include "verify/stats/power.h"
#include "verify/stats/sensitivity.h"
#include "verify/stats/units.h"
#include "verify/stats/vectors.h"

namespace pg::verify::stats {
namespace {

using testing::HasSubstr;

TEST(Units, ConvertByTheRunsOwnRatioOnly) {
  EXPECT_NEAR(*convert(0.005, Unit::nats_per_token, Unit::bpb, 2.583104), 0.0019357, 5e-8);
  EXPECT_NEAR(*convert(0.005, Unit::nats_per_token, Unit::bpb, 1.688454), 0.0029613, 5e-8);
  EXPECT_NEAR(*convert(0.005, Unit::nats_per_byte, Unit::bpb, {}), 0.0072135, 5e-8);
  EXPECT_NEAR(*convert(0.00472, Unit::bpb, Unit::nats_per_token, 2.583104), 0.01219, 5e-6);
  EXPECT_NEAR(*convert(1, Unit::nats_per_token, Unit::nats_per_byte, 2.0), std::numbers::ln2 / 2, 1e-15);
  EXPECT_EQ(*convert(7, Unit::nats_per_token, Unit::nats_per_token, {}), 7);
  for (const double ratio : {0.0, -1.0, std::nan("")})
    EXPECT_FALSE(convert(0.005, Unit::nats_per_token, Unit::bpb, ratio));
  EXPECT_THAT(convert(0.005, Unit::bpb, Unit::nats_per_token, {}).error().message,
              HasSubstr("another tokenizer's factor"));
}

TEST(Units, TellTokenizersApartAndTheirOwnRunsNot) {
  EXPECT_TRUE(same_ratio(2.301027, 2.300730)) << "sp4096, one of them on a longer export";
  EXPECT_TRUE(same_ratio(2.188371, 2.188513));
  EXPECT_FALSE(same_ratio(1.688454, 1.692876)) << "sp1024 on two validation exports";
  EXPECT_FALSE(same_ratio(2.583104, 2.301027));
  EXPECT_EQ(parse_unit("nats/token"), Unit::nats_per_token);
  EXPECT_EQ(parse_unit("nats"), std::nullopt) << "nats of what?";
}

TEST(Permutation, AgreesWithScipy) {
  for (const auto& v : vectors()["permutation"]) {
    const PermutationTest test = permutation(numbers(v["new"]), numbers(v["old"]), 0, 1);
    ASSERT_TRUE(test.outcome) << test.outcome.reason;
    expect_oracles(v, "p", test.p);
    EXPECT_EQ(test.arrangements, v["arrangements"].get<std::uint64_t>());
    auto a = numbers(v["new"]), b = numbers(v["old"]);
    for (auto* values : {&a, &b})
      for (double& x : *values) x /= 1e4;  // no binary fractions any more: ties have to stay ties
    EXPECT_EQ(permutation(a, b, 0, 1).p, test.p);
  }
}

TEST(Permutation, SaysWhichLevelsAreOutOfReach) {
  const std::vector<double> low = {1, 2, 3}, high = {4, 5, 6};
  const PermutationTest test = permutation(low, high, 0, 0.01);
  EXPECT_EQ(test.outcome.code, Code::not_attainable);
  EXPECT_DOUBLE_EQ(test.p, 0.05);
  EXPECT_THAT(test.outcome.reason, HasSubstr("3 v 3 values cannot give p below 0.05"));
  const std::vector<double> low5 = {1, 2, 3, 4, 5}, high5 = {6, 7, 8, 9, 10};
  EXPECT_TRUE(permutation(low5, high5, 0, 0.01).outcome);
  EXPECT_NEAR(permutation(low5, high5, 0, 0.01).p, 0.0039682540, 1e-9);
  EXPECT_DOUBLE_EQ(permutation(low5, high5, 100, 0.01).p, 1) << "a margin no sample reaches";
}

TEST(SignFlips, AgreeWithScipy) {
  ASSERT_GE(vectors()["sign_flips"].size(), 3u);
  for (const auto& v : vectors()["sign_flips"]) {
    const auto values = numbers(v["new"]);
    const PermutationTest test = sign_flips(values, v["bar"], v["margin"], 0.5);
    ASSERT_TRUE(test.outcome) << v["name"] << test.outcome.reason;
    EXPECT_EQ(test.arrangements, std::uint64_t{1} << values.size());
    expect_oracles(v, "p", test.p);
  }
}

TEST(SignFlips, SayWhatTheyCannotReach) {
  const std::vector<double> three = {1.0, 1.1, 1.2};
  EXPECT_EQ(sign_flips(three, 2, 0, 0.01).outcome.code, Code::not_attainable);
  EXPECT_DOUBLE_EQ(sign_flips(three, 2, 0, 0.01).p, 0.125);
  EXPECT_DOUBLE_EQ(sign_flips(three, 0, 0, 0.5).p, 1) << "all above the bar";
  EXPECT_EQ(sign_flips(std::vector<double>(64, 1.0), 2, 0, 0.01).outcome.code, Code::too_large);
  EXPECT_EQ(sign_flips({}, 2, 0, 0.01).outcome.code, Code::too_few);
  EXPECT_EQ(sign_flips(three, std::nan(""), 0, 0.01).outcome.code, Code::not_finite);
}

TEST(Permutation, RefusesWhatWouldTakeForEver) {
  std::vector<double> many(1000);
  std::iota(many.begin(), many.end(), 0);
  EXPECT_EQ(permutation(many, many, 0, 0.01).outcome.code, Code::too_large);
  EXPECT_EQ(permutation({}, many, 0, 0.01).outcome.code, Code::too_few);
}

TEST(Power, AgreesWithScipyAndR) {
  for (const auto& v : vectors()["power"]) {
    const std::size_t n = v["n"];
    const double gain = v["gain"], wanted = v["wanted"];
    const Design design{n, n, 1, vectors()["alpha"]};
    expect_oracles(v, "power", power(design, gain).value());
    expect_oracles(v, "critical", critical_gain(design).value());
    expect_oracles(v, "detectable", detectable_gain(design, wanted).value());
    EXPECT_EQ(seeds_needed_each(design, gain, wanted), v["r"]["seeds"].get<std::size_t>()) << v["name"];
  }
}

// One sample against a bar (non-central t) and the z test of either kind (normal).
TEST(Power, OfOneSampleAndKnownSigmaAgreesWithScipy) {
  ASSERT_GE(vectors()["power_other"].size(), 8u);
  for (const auto& v : vectors()["power_other"]) {
    const Design design{v["n_new"], v["n_old"], v["sigma"], vectors()["alpha"], v["known_sigma"]};
    const double gain = v["gain"], wanted = v["wanted"];
    expect_oracles(v, "power", power(design, gain).value());
    expect_oracles(v, "critical", critical_gain(design).value());
    expect_oracles(v, "detectable", detectable_gain(design, wanted).value());
    EXPECT_EQ(seeds_needed_new(design, gain, wanted).value_or(0), v["scipy"]["seeds_new"].get<std::size_t>())
        << v["name"];
    EXPECT_EQ(seeds_needed_each(design, gain, wanted).value_or(0), v["scipy"]["seeds_each"].get<std::size_t>())
        << v["name"];
  }
}

// With the contest's pooled deviation of 0.00072 bpb: what n runs on each side can show at p < 0.01.
TEST(Power, GivesTheContestsTable) {
  for (const auto& [n, gain] : {std::pair(3u, 0.0022), {5u, 0.0013}, {10u, 0.0008}, {20u, 0.00055}})
    EXPECT_NEAR(critical_gain({n, n, 0.00072, 0.01}).value(), gain, 5e-5) << n;
}

TEST(Power, ADetectableGainHasThePowerAskedFor) {
  const Design uneven{3, 7, 0.0007, 0.05};
  const double gain = detectable_gain(uneven, 0.8).value();
  EXPECT_NEAR(power(uneven, gain).value(), 0.8, 1e-10);
  EXPECT_NEAR(power(uneven, critical_gain(uneven).value()).value(), 0.5, 0.05);
}

TEST(Power, NewSeedsAloneCannotAlwaysMakeUpForAFewOldOnes) {
  const Design few{3, 2, 0.00072, 0.01};
  EXPECT_EQ(seeds_needed_new(few, 0.0001, 0.8), std::nullopt);
  const auto needed = seeds_needed_new({3, 50, 0.00072, 0.01}, 0.002, 0.8);
  ASSERT_TRUE(needed);
  EXPECT_GE(power({*needed, 50, 0.00072, 0.01}, 0.002).value(), 0.8);
  EXPECT_LT(power({*needed - 1, 50, 0.00072, 0.01}, 0.002).value(), 0.8);
}

TEST(Power, HasNoAnswerWhereThereIsNone) {
  EXPECT_FALSE(critical_gain({1, 1, 1, 0.01}));
  EXPECT_FALSE(power({3, 3, 0, 0.01}, 1));
  EXPECT_FALSE(power({3, 3, 1, 1}, 1));
  EXPECT_FALSE(detectable_gain({3, 3, 1, 0.01}, 1));
  EXPECT_FALSE(critical_gain({1, 0, 1, 0.01})) << "one value against a bar has no spread";
  EXPECT_TRUE(critical_gain({1, 0, 1, 0.01, true}));
  EXPECT_FALSE(seeds_needed_each({3, 3, 1, 0.01}, 0, 0.8));
  EXPECT_FALSE(seeds_needed_each({3, 3, 1, 0.01}, std::nan(""), 0.8));
  EXPECT_FALSE(seeds_needed_each({3, 0, 1, 0.01}, 1, 0.8)) << "a bar has no seeds";
}

TEST(Holm, AgreesWithR) {
  for (const auto& v : vectors()["holm"]) {
    PValues p;
    for (const double value : numbers(v["p"])) p.push_back(value);
    const PValues adjusted = holm(p);
    for (std::size_t i = 0; i < p.size(); ++i) expect_oracles(v, std::to_string(i).c_str(), adjusted[i].value());
  }
}

TEST(Multiplicity, StepsWithoutATestTakeNoPart) {
  const PValues with = {0.01, std::nullopt, 0.04}, without = {0.01, 0.04};
  EXPECT_EQ(holm(with)[1], std::nullopt);
  EXPECT_EQ(holm(with)[2], holm(without)[1]);
  EXPECT_FALSE(lord(with, 0.05)[1]);
  EXPECT_EQ(lord(with, 0.05)[2]->level, lord(without, 0.05)[1]->level);
  EXPECT_EQ(alpha_spending(with, 0.05)[2]->level, alpha_spending(without, 0.05)[1]->level);
}

TEST(Online, LevelsAreThoseOfTheDefinitions) {
  const auto& v = vectors()["online"];
  PValues p;
  for (const double value : numbers(v["p"])) p.push_back(value);
  const auto levels = lord(p, v["alpha"]), spending = alpha_spending(p, v["alpha"]);
  std::vector<int> rejected;
  for (std::size_t i = 0; i < p.size(); ++i) {
    expect_close(levels[i]->level, v["lord"][i], "lord");
    expect_close(spending[i]->level, v["spending"][i], "spending");
    if (levels[i]->rejected) rejected.push_back(static_cast<int>(i) + 1);
  }
  EXPECT_EQ(rejected, v["rejected"].get<std::vector<int>>());
}

TEST(Online, NoEndlessChainSpendsMoreThanAlpha) {
  const PValues misses(2000, 1.0);
  double spent = 0, wealth = 0;
  for (const auto& step : alpha_spending(misses, 0.05)) spent += step->level;
  for (const auto& step : lord(misses, 0.05)) wealth += step->level;
  EXPECT_LE(spent, 0.05);
  EXPECT_LE(wealth, 0.05 / 2);
}

TEST(LeaveOneOut, GivesTheRangeOverAllSingleOmissions) {
  const std::vector<double> a = {1, 2, 9}, b = {5, 6};
  std::vector<double> sums;
  const auto sum = [&](std::span<const double> x, std::span<const double> y) {
    sums.push_back(std::accumulate(x.begin(), x.end(), 0.0));
    return y.size() == 2 ? sums.back() : -1.0;
  };
  const LeaveOneOut range = leave_one_out(a, b, sum);
  ASSERT_TRUE(range.outcome);
  EXPECT_EQ(range.lowest_p, 3);
  EXPECT_EQ(range.highest_p, 11);
  EXPECT_EQ(leave_one_out(b, b, sum).outcome.code, Code::too_few);
  EXPECT_EQ(leave_one_out(std::vector<double>(3000), b, sum).outcome.code, Code::too_large);
}

TEST(Equivalence, TellsTheFourCasesApart) {
  const std::vector<double> claim = {1.0800, 1.0805, 1.0810}, near = {1.0801, 1.0806, 1.0808},
                            low = {1.0700, 1.0704, 1.0708}, high = {1.0900, 1.0904, 1.0908}, wide = {1.0700, 1.0900};
  EXPECT_EQ(equivalence(near, claim, 0.002, 0.05).agreement, Agreement::consistent);
  EXPECT_EQ(equivalence(low, claim, 0.002, 0.05).agreement, Agreement::better);
  EXPECT_EQ(equivalence(high, claim, 0.002, 0.05).agreement, Agreement::worse);
  EXPECT_EQ(equivalence(wide, claim, 0.002, 0.05).agreement, Agreement::underpowered);
  EXPECT_EQ(equivalence(near, claim, 0.0001, 0.05).agreement, Agreement::underpowered);
  EXPECT_STREQ(to_string(Agreement::underpowered), "UNDERPOWERED");
}

TEST(Equivalence, IsTwoOneSidedTestsAndTheirInterval) {
  const auto& v = vectors()["welch"][3];  // #1514 over #1493
  const auto rerun = numbers(v["new"]), claim = numbers(v["old"]);
  for (const double margin : {0.0005, 0.001, 0.002, 0.004}) {
    const Equivalence e = equivalence(rerun, claim, margin, 0.05);
    EXPECT_NEAR(e.p_equivalence,
                std::max(welch(rerun, claim, -margin, Tail::lower).p, welch(rerun, claim, margin, Tail::upper).p),
                1e-15);
    EXPECT_EQ(e.agreement == Agreement::consistent, e.interval.low > -margin && e.interval.high < margin) << margin;
  }
}

TEST(Equivalence, AClaimOfOneNumberIsTakenAsFixed) {
  const std::vector<double> rerun = {1.0799, 1.0801, 1.0803}, claim = {1.0800};
  const Equivalence e = equivalence(rerun, claim, 0.002, 0.05);
  ASSERT_TRUE(e.outcome);
  EXPECT_EQ(e.difference.df, 2);
  EXPECT_EQ(e.agreement, Agreement::consistent);
  EXPECT_EQ(equivalence(claim, rerun, 0.002, 0.05).outcome.code, Code::too_few);
  EXPECT_FALSE(equivalence(rerun, {}, 0.002, 0.05).outcome);
  EXPECT_FALSE(equivalence(rerun, claim, 0, 0.05).outcome);
}

}  // namespace
}  // namespace pg::verify::stats

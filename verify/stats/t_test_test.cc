#include "verify/stats/t_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "verify/stats/vectors.h"

namespace pg::verify::stats {
namespace {

using testing::HasSubstr;

TEST(Welch, AgreesWithScipyAndR) {
  ASSERT_GE(vectors()["welch"].size(), 19u);
  for (const auto& v : vectors()["welch"]) {
    const auto a = numbers(v["new"]), b = numbers(v["old"]);
    const double margin = v["margin"];
    const TTest test = welch(a, b, margin);
    ASSERT_TRUE(test.outcome) << test.outcome.reason;
    // Where the margin cancels the difference, the digits of the difference are lost in the inputs themselves.
    const double digits = 1e-9 + 1e-14 / std::abs(test.delta + margin);
    expect_oracles(v, "t", test.t, digits);
    expect_oracles(v, "df", test.df);
    expect_oracles(v, "p", test.p, digits);
    expect_oracles(v, "p_upper", welch(a, b, margin, Tail::upper).p, digits);
    expect_oracles(v, "p_two_sided", welch(a, b, margin, Tail::two_sided).p, digits);
    const Interval ci = confidence_interval(welch(a, b), 0.99);
    expect_oracles(v, "ci_low", ci.low);
    expect_oracles(v, "ci_high", ci.high);
    expect_oracles(v, "upper_bound", upper_bound(welch(a, b), vectors()["alpha"]));
  }
}

// What the field's own pages print: the README of #1019 (t -11.83, df 3.31) and the maintainers' chronological audit
// (p 0.0204 for #1514, 0.0625 for #1769).
TEST(Welch, ReproducesThePublishedComparisons) {
  struct Published {
    const char* name;
    double t, df, p;
  };
  for (const Published& known : {Published{"pr1019_over_pr549_margin_0.0000", -11.8338776, 3.3062994, 4.0338835e-4},
                                 Published{"pr1514_over_pr1493_margin_0.0000", -3.7889616, 2.6140147, 0.02041677},
                                 Published{"pr1769_over_pr1736_margin_0.0000", -1.9092738, 4.2279825, 0.06250171},
                                 Published{"pr1855_over_pr1868_margin_0.0000", -0.4996970, 3.3316997, 0.32422378}}) {
    bool found = false;
    for (const auto& v : vectors()["welch"]) {
      if (v["name"] != known.name) continue;
      found = true;
      const TTest test = welch(numbers(v["new"]), numbers(v["old"]));
      EXPECT_NEAR(test.t, known.t, 5.1e-8 * std::max(1.0, std::abs(known.t)));
      EXPECT_NEAR(test.df, known.df, 5.1e-8);
      EXPECT_NEAR(test.p, known.p, 5.1e-9);
    }
    EXPECT_TRUE(found) << known.name;
  }
}

TEST(OneSample, AgreesWithScipyAndR) {
  for (const auto& v : vectors()["one_sample"]) {
    const TTest test = one_sample(numbers(v["new"]), v["bar"], v["margin"]);
    ASSERT_TRUE(test.outcome);
    expect_oracles(v, "t", test.t);
    expect_oracles(v, "df", test.df);
    expect_oracles(v, "p", test.p);
  }
}

// The numbers that modded-nanogpt's record of 2026-07-17 prints for its 13 losses against 3.28.
TEST(OneSample, ReproducesThePublishedRecord) {
  const auto& v = vectors()["one_sample"][0];
  ASSERT_EQ(v["name"], "modded_nanogpt_2026_07_17");
  const TTest test = one_sample(numbers(v["new"]), 3.28);
  expect_close(test.t, -4.153537201159808, "t");
  expect_close(test.p, 0.0006690604490373957, "p");
}

TEST(FixedSigma, IsTheZTestOfScipy) {
  for (const auto& v : vectors()["fixed_sigma"]) {
    const TTest test = fixed_sigma(numbers(v["new"]), numbers(v["old"]), v["sigma"], v["margin"]);
    ASSERT_TRUE(test.outcome);
    EXPECT_TRUE(std::isinf(test.df));
    expect_oracles(v, "t", test.t);
    expect_oracles(v, "p", test.p);
  }
  const double one[] = {1.08}, old[] = {1.081};
  EXPECT_TRUE(fixed_sigma(one, old, 0.0007).outcome) << "one run each is enough where the spread is known";
  EXPECT_FALSE(fixed_sigma(one, old, 0).outcome);
}

TEST(TTest, BoundAndTestAgree) {
  const std::vector<double> a = {1.0793, 1.0799, 1.0802}, b = {1.0808, 1.0810, 1.0812};
  const TTest test = welch(a, b);
  // The bound lies at zero exactly where p is alpha.
  EXPECT_NEAR(upper_bound(test, test.p), 0, 1e-12);
  EXPECT_LT(upper_bound(test, 0.25), 0);
  EXPECT_GT(upper_bound(test, 0.001), 0);
}

TEST(TTest, WhatCannotBeTestedSaysWhyAndGivesNoNumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const std::vector<double> good = {1.1, 1.2, 1.3}, single = {1.1}, none, same = {1.1, 1.1, 1.1}, bad = {1.1, nan},
                            endless = {1.1, inf}, huge = {1e308, -1e308, 1e308};
  EXPECT_EQ(welch(single, good).outcome.code, Code::too_few);
  EXPECT_THAT(welch(single, good).outcome.reason, HasSubstr("the new sample has 1 value, the test needs 2"));
  EXPECT_EQ(welch(good, none).outcome.code, Code::too_few);
  EXPECT_EQ(welch(good, same).outcome.code, Code::zero_variance);
  EXPECT_EQ(one_sample(same, 1).outcome.code, Code::zero_variance);
  EXPECT_EQ(welch(bad, good).outcome.code, Code::not_finite);
  EXPECT_EQ(welch(good, endless).outcome.code, Code::not_finite);
  EXPECT_EQ(welch(huge, good).outcome.code, Code::not_finite);
  EXPECT_EQ(welch(good, good, nan).outcome.code, Code::not_finite);
  EXPECT_EQ(one_sample(good, inf).outcome.code, Code::not_finite);
  for (const auto* values : {&single, &none, &same, &bad, &endless, &huge}) {
    const TTest test = welch(*values, good);
    EXPECT_FALSE(std::isnan(test.t) || std::isnan(test.p) || std::isnan(test.df));
  }
}

TEST(TTest, TinySpreadsDoNotUnderflow) {
  const std::vector<double> a = {1e-200, 2e-200, 3e-200}, b = {2e-200, 3e-200, 4e-200};
  const TTest test = welch(a, b);
  // The variance of such values is not a double; what matters is that nothing undefined comes out.
  EXPECT_TRUE(!test.outcome || (std::isfinite(test.t) && std::isfinite(test.p)));
}

TEST(Moments, KeepTheDigitsOfCloseScores) {
  std::vector<double> shifted;
  for (const double v : {1e-9, 2e-9, 3e-9, 4e-9}) shifted.push_back(1.0 + v);
  EXPECT_NEAR(moments(shifted).sd, 1.2909944487e-9, 1e-15);
  EXPECT_EQ(moments(std::vector<double>{}).n, 0u);
  EXPECT_EQ(moments(std::vector<double>{3}).sd, 0);
}

}  // namespace
}  // namespace pg::verify::stats

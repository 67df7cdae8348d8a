#include "verify/stats/sequential.h"

#include <gtest/gtest.h>

#include <cmath>

#include "verify/stats/vectors.h"

namespace pg::verify::stats {
namespace {

TEST(Plan, BoundariesAgreeWithAdaptiveQuadrature) {
  ASSERT_EQ(vectors()["sequential"].size(), 4u);
  for (const auto& v : vectors()["sequential"]) {
    const Plan plan = make_plan(v["seeds"].get<std::vector<int>>(), v["alpha"], Spending::obrien_fleming);
    ASSERT_TRUE(plan.outcome) << plan.outcome.reason;
    ASSERT_EQ(plan.looks.size(), v["z"].size());
    for (std::size_t i = 0; i < plan.looks.size(); ++i) {
      expect_close(plan.looks[i].z, v["z"][i], "z");
      expect_close(plan.looks[i].p, v["p"][i], "p", 1e-8);  // steep: 1e-9 of z is 2e-8 of p at z = 4
      expect_close(plan.looks[i].spent, v["spent"][i], "spent");
    }
  }
}

// Lan-DeMets' O'Brien-Fleming boundaries for five equal looks, two-sided 0.05 (one-sided 0.025), as the tables of the
// group-sequential literature print them, good to about 1e-4: adaptive quadrature gives 3.35701 for the second look.
TEST(Plan, GivesThePublishedFiveLookTable) {
  const Plan plan = make_plan({20, 40, 60, 80, 100}, 0.025, Spending::obrien_fleming);
  ASSERT_EQ(plan.looks.size(), 5u);
  const double published[] = {4.8769, 3.3569, 2.6803, 2.2898, 2.0310};
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(plan.looks[i].z, published[i], 2e-4) << i;
}

TEST(Plan, SpendsAlphaAndNoMore) {
  for (const double alpha : {0.01, 0.05, 0.25}) {
    const Plan fleming = make_plan({3, 4, 5, 6, 8, 10, 15, 20}, alpha, Spending::obrien_fleming);
    EXPECT_NEAR(total_alpha(fleming), alpha, 1e-9);
    EXPECT_NEAR(fleming.looks.back().spent, alpha, 1e-12);
    const Plan bonferroni = make_plan({3, 6, 9}, alpha, Spending::bonferroni);
    EXPECT_LT(total_alpha(bonferroni), alpha);
    EXPECT_DOUBLE_EQ(bonferroni.looks[1].p, alpha / 3);
    EXPECT_DOUBLE_EQ(bonferroni.looks[2].spent, alpha);
  }
}

TEST(Plan, OfOneLookIsThePlainTest) {
  const Plan plan = make_plan({3}, 0.01, Spending::obrien_fleming);
  ASSERT_EQ(plan.looks.size(), 1u);
  EXPECT_NEAR(plan.looks[0].p, 0.01, 1e-12);
}

TEST(Plan, RefusesLooksThatAreNone) {
  EXPECT_FALSE(make_plan({}, 0.01, Spending::bonferroni).outcome);
  EXPECT_FALSE(make_plan({3, 3}, 0.01, Spending::bonferroni).outcome);
  EXPECT_FALSE(make_plan({5, 3}, 0.01, Spending::bonferroni).outcome);
  EXPECT_FALSE(make_plan({1, 3}, 0.01, Spending::bonferroni).outcome);
  EXPECT_FALSE(make_plan({3}, 0, Spending::bonferroni).outcome);
  EXPECT_FALSE(make_plan({3}, std::nan(""), Spending::bonferroni).outcome);
  std::vector<int> many;
  for (int i = 2; i < 40; ++i) many.push_back(i);
  EXPECT_FALSE(make_plan(many, 0.01, Spending::obrien_fleming).outcome);
}

}  // namespace
}  // namespace pg::verify::stats

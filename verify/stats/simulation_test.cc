// How often the tests claim a gain where there is none. Normal scores from a fixed seed, so the counts never change.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "verify/stats/permutation.h"
#include "verify/stats/sequential.h"
#include "verify/stats/t_test.h"

namespace pg::verify::stats {
namespace {

// splitmix64 and Box-Muller: the same numbers with every standard library.
class Normals {
 public:
  explicit Normals(std::uint64_t seed) : state_(seed) {}
  double operator()() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  std::vector<double> sample(std::size_t n, double mean, double sd) {
    std::vector<double> out(n);
    for (double& v : out) v = mean + sd * (*this)();
    return out;
  }

 private:
  double uniform() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }
  std::uint64_t state_;
};

constexpr int kTrials = 40'000;

// Four standard errors of a share of `alpha` over kTrials.
double slack(double alpha) {
  return 4 * std::sqrt(alpha * (1 - alpha) / kTrials);
}

TEST(FalsePositives, WelchKeepsItsLevelOnTheEdgeOfTheNull) {
  struct Setting {
    std::size_t n, m;
    double sd_new, sd_old, most;  // most: Welch is liberal where sizes and spreads differ a lot; by how much is known
  };
  for (const Setting& s : {Setting{3, 3, 1, 1, 1}, {3, 5, 1, 1, 1.15}, {5, 5, 1, 3, 1.15}, {20, 20, 1, 1, 1.05}}) {
    Normals normal(42 + s.n * 100 + s.m);
    const double margin = 0.002, sd = 0.0007;
    int at_25 = 0, at_01 = 0;
    for (int i = 0; i < kTrials; ++i) {
      // The true gain is the margin and no more.
      const double p =
          welch(normal.sample(s.n, 1.08 - margin, sd * s.sd_new), normal.sample(s.m, 1.08, sd * s.sd_old), margin).p;
      at_25 += p < 0.25;
      at_01 += p < 0.01;
    }
    EXPECT_NEAR(at_25 / double{kTrials}, 0.25, 0.02 + slack(0.25)) << s.n << " v " << s.m;
    EXPECT_LE(at_01 / double{kTrials}, 0.01 * s.most + slack(0.01)) << s.n << " v " << s.m;
    EXPECT_GE(at_01 / double{kTrials}, 0.004) << "so cautious that the level means nothing";
  }
}

TEST(FalsePositives, ThePermutationTestKeepsItsLevelWithoutNormality) {
  Normals normal(7);
  int hits = 0;
  constexpr int kFew = 5000;
  for (int i = 0; i < kFew; ++i) {
    auto a = normal.sample(5, 0, 1), b = normal.sample(5, 0, 1);
    for (auto* values : {&a, &b})
      for (double& v : *values) v = std::exp(v);  // skewed
    hits += permutation(a, b, 0, 0.05).p <= 0.05;
  }
  EXPECT_LE(hits / double{kFew}, 0.05 + 4 * std::sqrt(0.05 * 0.95 / kFew));
}

// Looking after 3, 4 ... 10 seeds and stopping at the first p < 0.05 claims a gain several times too often; the plans
// with the same looks do not.
TEST(FalsePositives, PlansCureOptionalStopping) {
  const std::vector<int> seeds = {3, 4, 5, 6, 7, 8, 9, 10};
  const double alpha = 0.05;
  const Plan plans[] = {make_plan(seeds, alpha, Spending::obrien_fleming),
                        make_plan(seeds, alpha, Spending::bonferroni)};
  Normals normal(11);
  std::array<int, 3> hits = {};
  constexpr int kSome = 20'000;
  for (int i = 0; i < kSome; ++i) {
    const auto a = normal.sample(10, 0, 1), b = normal.sample(10, 0, 1);
    std::array<bool, 3> hit = {};
    for (std::size_t k = 0; k < seeds.size(); ++k) {
      const auto n = static_cast<std::size_t>(seeds[k]);
      const double p = welch({a.data(), n}, {b.data(), n}).p;
      hit[0] = hit[0] || p < alpha;
      hit[1] = hit[1] || p < plans[0].looks[k].p;
      hit[2] = hit[2] || p < plans[1].looks[k].p;
    }
    for (std::size_t j = 0; j < 3; ++j) hits[j] += hit[j];
  }
  const double error = 4 * std::sqrt(alpha * (1 - alpha) / kSome);
  EXPECT_GT(hits[0] / double{kSome}, 2 * alpha) << "optional stopping";
  EXPECT_LE(hits[1] / double{kSome}, alpha + error) << "O'Brien-Fleming";
  EXPECT_LE(hits[2] / double{kSome}, alpha + error) << "Bonferroni";
}

}  // namespace
}  // namespace pg::verify::stats

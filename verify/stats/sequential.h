#pragma once

#include <string>
#include <vector>

#include "verify/stats/outcome.h"

namespace pg::verify::stats {

// A rerun plan: after which numbers of seeds one looks, and what p each look needs, fixed before the first seed runs.
// Looking after every seed and stopping at the first p < alpha would find nothing but chance far more often than alpha.
enum class Spending {
  obrien_fleming,  // Lan-DeMets spending 2 - 2 Phi(z_{1-alpha/2} / sqrt(t)): strict early, nearly alpha at the end
  bonferroni,      // alpha / looks at each: valid for any test and any dependence
};
const char* to_string(Spending spending);

struct Look {
  int seeds = 0;        // cumulative
  double fraction = 0;  // of the last look's
  double spent = 0;     // alpha spent up to and including this look
  double z = 0;         // boundary of the normal statistic
  double p = 0;         // nominal one-sided level: the look's own p has to be below it
};

struct Plan {
  Outcome outcome;
  Spending spending = Spending::obrien_fleming;
  double alpha = 0;
  std::vector<Look> looks;
};

inline constexpr std::size_t kMaxLooks = 20;

// `seeds` are the cumulative numbers, increasing, at least 2 each, at most kMaxLooks of them. Obrien-Fleming boundaries
// come from the joint normal distribution of the looks (Armitage, McPherson and Rowe's recursion, integrated
// numerically to about 1e-10); applied to the p of a t test they are exact for many seeds only.
Plan make_plan(const std::vector<int>& seeds, double alpha, Spending spending);

// Alpha that a plan with these boundaries really spends under the null, by the same integration; for tests and display.
double total_alpha(const Plan& plan);

}  // namespace pg::verify::stats

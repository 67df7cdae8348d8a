#include "verify/stats/sequential.h"

#include <fmt/format.h>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <functional>

#include "verify/stats/boost_policy.h"
#include "verify/stats/t_test.h"

namespace pg::verify::stats {
namespace {

using Normal = boost::math::normal_distribution<double, BoostPolicy>;

double upper_tail(double z) {
  return boost::math::cdf(boost::math::complement(Normal(0, 1), z));
}
double density(double z) {
  return boost::math::pdf(Normal(0, 1), z);
}

// The sub-density of the score S_k = z_k sqrt(t_k) over paths that crossed no boundary yet, on Gauss-Legendre nodes.
struct Survivors {
  std::vector<double> at, weighted;  // nodes; weight times density
};

constexpr double kReach = 9;  // standard deviations below 0: what lies beyond is under 1e-18
constexpr int kPanels = 24;   // of 20 nodes each

Survivors nodes_below(double boundary_z, double t, const std::function<double(double)>& density_of_score) {
  using Gauss = boost::math::quadrature::gauss<double, 20>;
  const double root = std::sqrt(t), low = -kReach * root, high = std::min(boundary_z, kReach) * root;
  Survivors out;
  const double width = (high - low) / kPanels;
  for (int panel = 0; panel < kPanels; ++panel) {
    const double middle = low + (panel + 0.5) * width;
    const auto& x = Gauss::abscissa();
    const auto& w = Gauss::weights();
    for (std::size_t i = 0; i < x.size(); ++i)
      for (const double sign : {-1.0, 1.0}) {
        const double s = middle + sign * x[i] * width / 2;
        out.at.push_back(s);
        out.weighted.push_back(w[i] * width / 2 * density_of_score(s));
      }
  }
  return out;
}

// The integrator: alpha crossed at the look at `t` with boundary z, given those who survived until `before`.
class Walk {
 public:
  double crossing(double z, double t) const {
    if (survivors_.at.empty()) return upper_tail(z);
    const double step = std::sqrt(t - before_);
    double sum = 0;
    for (std::size_t i = 0; i < survivors_.at.size(); ++i)
      sum += survivors_.weighted[i] * upper_tail((z * std::sqrt(t) - survivors_.at[i]) / step);
    return sum;
  }
  void advance(double z, double t) {
    if (survivors_.at.empty()) {
      survivors_ = nodes_below(z, t, [&](double s) { return density(s / std::sqrt(t)) / std::sqrt(t); });
    } else {
      const Survivors last = std::move(survivors_);
      const double step = std::sqrt(t - before_);
      survivors_ = nodes_below(z, t, [&](double s) {
        double sum = 0;
        for (std::size_t i = 0; i < last.at.size(); ++i)
          sum += last.weighted[i] * density((s - last.at[i]) / step) / step;
        return sum;
      });
    }
    before_ = t;
  }

 private:
  Survivors survivors_;
  double before_ = 0;
};

// z at which `spend` is crossed; crossing() falls with z.
double boundary(const Walk& walk, double t, double spend) {
  double low = -kReach, high = 30;
  for (int i = 0; i < 100 && high - low > 1e-13; ++i) {
    const double middle = (low + high) / 2;
    (walk.crossing(middle, t) > spend ? low : high) = middle;
  }
  return (low + high) / 2;
}

Outcome check(const std::vector<int>& seeds, double alpha) {
  if (!(alpha > 0 && alpha < 0.5)) return {Code::not_finite, "alpha has to lie between 0 and 0.5"};
  if (seeds.empty() || seeds.size() > kMaxLooks)
    return {Code::too_few, fmt::format("a plan has 1 to {} looks, not {}", kMaxLooks, seeds.size())};
  for (std::size_t i = 0; i < seeds.size(); ++i)
    if (seeds[i] < 2 || seeds[i] > 1'000'000 || (i > 0 && seeds[i] <= seeds[i - 1]))
      return {Code::too_few, "looks are cumulative numbers of seeds: at least 2, each larger than the one before"};
  return {};
}

}  // namespace

const char* to_string(Spending spending) {
  return spending == Spending::bonferroni ? "bonferroni" : "obrien-fleming";
}

Plan make_plan(const std::vector<int>& seeds, double alpha, Spending spending) {
  Plan plan;
  plan.spending = spending;
  plan.alpha = alpha;
  if (plan.outcome = check(seeds, alpha); !plan.outcome) return plan;
  Walk walk;
  double spent_before = 0;
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    Look look;
    look.seeds = seeds[i];
    look.fraction = static_cast<double>(seeds[i]) / seeds.back();
    if (spending == Spending::bonferroni) {
      look.p = alpha / static_cast<double>(seeds.size());
      look.z = -t_quantile(look.p, INFINITY);
      look.spent = look.p * static_cast<double>(i + 1);
    } else {
      look.spent = 2 * upper_tail(-t_quantile(alpha / 2, INFINITY) / std::sqrt(look.fraction));
      look.z = boundary(walk, look.fraction, look.spent - spent_before);
      look.p = upper_tail(look.z);
      if (i + 1 < seeds.size()) walk.advance(look.z, look.fraction);
    }
    spent_before = look.spent;
    plan.looks.push_back(look);
  }
  return plan;
}

double total_alpha(const Plan& plan) {
  Walk walk;
  double spent = 0;
  for (const Look& look : plan.looks) {
    spent += walk.crossing(look.z, look.fraction);
    walk.advance(look.z, look.fraction);
  }
  return spent;
}

}  // namespace pg::verify::stats

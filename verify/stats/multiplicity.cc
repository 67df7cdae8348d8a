#include "verify/stats/multiplicity.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace pg::verify::stats {

PValues holm(const PValues& p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p[i]) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return *p[a] < *p[b]; });
  PValues adjusted(p.size());
  double highest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    highest = std::max(highest, std::min(1.0, static_cast<double>(order.size() - rank) * *p[order[rank]]));
    adjusted[order[rank]] = highest;
  }
  return adjusted;
}

std::vector<std::optional<OnlineStep>> alpha_spending(const PValues& p, double alpha) {
  std::vector<std::optional<OnlineStep>> steps(p.size());
  double i = 0;
  for (std::size_t k = 0; k < p.size(); ++k) {
    if (!p[k]) continue;
    ++i;
    const double level = alpha * 6 / (std::numbers::pi * std::numbers::pi * i * i);
    steps[k] = {level, *p[k] <= level};
  }
  return steps;
}

std::vector<std::optional<OnlineStep>> lord(const PValues& p, double alpha) {
  const auto gamma = [](std::size_t j) {
    const double x = static_cast<double>(j);
    return 0.0772 * std::log(std::max(x, 2.0)) / (x * std::exp(std::sqrt(std::log(x))));
  };
  const double w0 = alpha / 2;
  std::vector<std::optional<OnlineStep>> steps(p.size());
  std::vector<std::size_t> discoveries;  // times, from 1
  std::size_t time = 0;
  for (std::size_t k = 0; k < p.size(); ++k) {
    if (!p[k]) continue;
    ++time;
    double level = w0 * gamma(time);
    for (std::size_t d = 0; d < discoveries.size(); ++d)
      level += (d == 0 ? alpha - w0 : alpha) * gamma(time - discoveries[d]);
    steps[k] = {level, *p[k] <= level};
    if (steps[k]->rejected) discoveries.push_back(time);
  }
  return steps;
}

}  // namespace pg::verify::stats

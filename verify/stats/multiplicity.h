#pragma once

#include <optional>
#include <span>
#include <vector>

namespace pg::verify::stats {

// Many steps of one chain are tested; some look significant by chance. p values are in [0, 1]; a step that could not be
// tested has none, takes no part and gets none.
using PValues = std::vector<std::optional<double>>;

// Holm's step-down adjustment over the whole chain: adjusted p values, to be compared with alpha. Controls the
// probability of one false step. As R's p.adjust(p, "holm").
PValues holm(const PValues& p);

// Online procedures decide each step when it comes, from the steps before it alone: what a record board does.
struct OnlineStep {
  double level = 0;  // what p has to be at or below
  bool rejected = false;
};
// Alpha spending: step i is tested at alpha * 6 / (pi^2 i^2). The probability of one false step in an endless chain
// stays below alpha.
std::vector<std::optional<OnlineStep>> alpha_spending(const PValues& p, double alpha);
// LORD++ (Ramdas et al. 2017, "Online control of the false discovery rate with decaying memory"), w0 = alpha / 2,
// gamma_j = 0.0772 log(max(j, 2)) / (j exp(sqrt(log j))). Each discovery earns level back; controls the share of false
// steps among those accepted.
std::vector<std::optional<OnlineStep>> lord(const PValues& p, double alpha);

}  // namespace pg::verify::stats

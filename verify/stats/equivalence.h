#pragma once

#include <span>

#include "verify/stats/t_test.h"

namespace pg::verify::stats {

// What a rerun says about a claim.
enum class Agreement {
  consistent,    // the difference is shown to lie inside the margin, either way
  better,        // the rerun scores lower than the claim, and not within the margin
  worse,         // the rerun scores higher
  underpowered,  // too few or too scattered runs to say either
};
const char* to_string(Agreement agreement);

struct Equivalence {
  Outcome outcome;
  Agreement agreement = Agreement::underpowered;
  TTest difference;          // two-sided: rerun - claim
  double p_equivalence = 1;  // the larger of the two one-sided tests' p
  Interval interval;         // of level 1 - 2 alpha: inside +-margin means consistent
};

// Two one-sided tests (TOST) at `alpha` for |rerun - claim| < margin; where they do not show it, a two-sided Welch test
// at `alpha` for a difference. A difference that is real but inside the margin is consistent. A claim of one value (a
// mean without its runs) is taken as a fixed number.
Equivalence equivalence(std::span<const double> rerun, std::span<const double> claim, double margin, double alpha);

}  // namespace pg::verify::stats

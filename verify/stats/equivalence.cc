#include "verify/stats/equivalence.h"

#include <algorithm>
#include <cmath>

namespace pg::verify::stats {

const char* to_string(Agreement agreement) {
  switch (agreement) {
    case Agreement::consistent:
      return "CONSISTENT";
    case Agreement::better:
      return "BETTER";
    case Agreement::worse:
      return "WORSE";
    case Agreement::underpowered:
      return "UNDERPOWERED";
  }
  return "UNDERPOWERED";
}

Equivalence equivalence(std::span<const double> rerun, std::span<const double> claim, double margin, double alpha) {
  Equivalence out;
  if (!(margin > 0) || !std::isfinite(margin)) {
    out.outcome = {Code::not_finite, "the equivalence margin has to be a positive number"};
    return out;
  }
  if (out.outcome = check_sample(claim, 1, "the claim"); !out.outcome) return out;
  const auto test = [&](double shift, Tail tail) {
    return claim.size() == 1 ? one_sample(rerun, claim[0], shift, tail) : welch(rerun, claim, shift, tail);
  };
  out.difference = test(0, Tail::two_sided);
  out.outcome = out.difference.outcome;
  if (!out.outcome) return out;
  out.p_equivalence = std::max(test(-margin, Tail::lower).p, test(margin, Tail::upper).p);
  out.interval = confidence_interval(out.difference, 1 - 2 * alpha);
  if (out.p_equivalence < alpha)
    out.agreement = Agreement::consistent;
  else if (out.difference.p < alpha)
    out.agreement = out.difference.delta < 0 ? Agreement::better : Agreement::worse;
  return out;
}

}  // namespace pg::verify::stats

#pragma once

#include <vector>

#include "verify/source/flow_order.h"

namespace pg::verify::py {

// Blends of the gold token's probability with a table read under tokens, and choices between two scores of the same
// tokens: what is done to a score once the target is known.
std::vector<Finding> find_scoring_violations(const Flow& flow);

}  // namespace pg::verify::py

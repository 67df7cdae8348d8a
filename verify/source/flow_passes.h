#pragma once

#include <vector>

#include "verify/source/flow_order.h"

namespace pg::verify::py {

// Second passes that learn nothing through a gradient: probabilities stored in one loop over the tokens are scored
// again in a later one, mixed with a table that the first filled; or a sum of losses has the old loss of some tokens
// taken out and a new one put in.
std::vector<Finding> find_second_passes(const Flow& flow);

}  // namespace pg::verify::py

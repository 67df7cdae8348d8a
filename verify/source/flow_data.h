#pragma once

#include <vector>

#include "verify/source/flow_order.h"

namespace pg::verify::py {

// Validation tokens that are not scored as they are: targets changed on the way to the loss (clamp, remainder), and a
// validation set cut to a constant number of tokens.
std::vector<Finding> find_changed_data(const Flow& flow);

// Downloads: behind the training loop they serve the evaluation.
std::vector<Finding> find_network(const Flow& flow);

}  // namespace pg::verify::py

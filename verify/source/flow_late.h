#pragma once

#include <vector>

#include "verify/source/flow_order.h"

namespace pg::verify::py {

// Training data behind the training loop: forward passes over it, tables filled with it.
std::vector<Finding> find_late_training_data(const Flow& flow);

// Whether a statement runs behind the training loop, in its function or in one that calls it.
bool behind_training(const Flow& flow, StmtId statement);

}  // namespace pg::verify::py

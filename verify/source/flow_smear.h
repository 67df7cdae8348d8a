#pragma once

#include <vector>

#include "verify/source/flow_order.h"

namespace pg::verify::py {

// A model that mixes each position with the one before it (x[:, 1:] + g * x[:, :-1], or x with its own shifted copy)
// and has no mask where a document begins, in a script that cuts the validation set into documents: the last token of
// one document passes into the next.
std::vector<Finding> find_unmasked_smear(const Flow& flow);

}  // namespace pg::verify::py

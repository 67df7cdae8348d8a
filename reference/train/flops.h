#pragma once

#include <cstdint>
#include <string_view>

#include "reference/model/config.h"

namespace pg::train {

// Floating-point operations that a model needs for one token of training, forward and backward: 6 for every weight that
// a product uses, a looped block's as often as it runs, and 6 dim seq_len for causal attention of every block that runs
// (two products, half of each). Tables that are looked up and recomputation do not count.
double flops_per_token(const model::Config& config, bool looping, std::int64_t seq_len);

// Dense bf16 FLOP/s of a GPU by the name that its driver gives it; 0 if it is not one that we know.
double peak_flops(std::string_view gpu);

}  // namespace pg::train

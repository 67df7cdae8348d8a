#pragma once

#include <cstdint>
#include <vector>

#include "reference/model/parameter_spec.h"

namespace pg::model {

// The initial values of a parameter, row by row. They depend on `seed` and the parameter's name alone: not on the
// machine's threads, the device, or what other parameters there are.
std::vector<float> initial_values(const ParameterSpec& spec, std::uint64_t seed);

}  // namespace pg::model

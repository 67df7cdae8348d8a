#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace pg::optim {

// What an optimizer remembers, by name: "<parameter>.<what>". The same whatever the number of processes.
using State = std::map<std::string, at::Tensor>;

}  // namespace pg::optim

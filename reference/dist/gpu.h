#pragma once

#include <string>

namespace pg::dist {

// The name that the driver gives to GPU `index`: "NVIDIA H100 80GB HBM3". Empty in a program without CUDA: in nccl/ or,
// without a CUDA toolkit, in nccl_stub/, as the NCCL group.
std::string gpu_name(int index);

}  // namespace pg::dist

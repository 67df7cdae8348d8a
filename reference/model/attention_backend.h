#pragma once

#include <cstdint>
#include <string>

#include "reference/model/config.h"
#include "reference/model/model.h"

namespace pg::model {

// Puts PyTorch's attention kernels for GPUs into a fixed order for the whole process: cuDNN's (on Hopper within 10 % of
// FlashAttention 3 at heads of 64 and 1,024 to 2,048 positions), FlashAttention 2, the memory-efficient one, and the
// matrix products. What PyTorch would prefer depends on its version, cuDNN's and the environment. Nothing on the CPU.
void order_attention_kernels();

// What computes the attention of a training step with these shapes, for the log: "cudnn", "flash", "efficient" or
// "math" of PyTorch's on a GPU, "own" or "sdpa" on the CPU.
std::string attention_kernel(const Config& config, const Runtime& runtime, std::int64_t sequences,
                             std::int64_t seq_len);

}  // namespace pg::model

#pragma once

#include <cstdint>
#include <filesystem>

#include "reference/base/result.h"
#include "reference/train/safetensors.h"

namespace pg::train {

// What Python's torch.save(dict of name -> tensor) writes: a zip of stored records with a pickle of the names and
// shapes and one record per tensor. torch.load(weights_only=True) reads it. f32, bf16, f16, f64, int64. The same
// tensors give the same bytes. Returns the file's bytes. Atomic. At most 4 GB.
Result<std::uint64_t> write_torch_file(const std::filesystem::path& path, const NamedTensors& tensors);

}  // namespace pg::train

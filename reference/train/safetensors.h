#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/result.h"

namespace pg::train {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// The safetensors format (Hugging Face; data, never code): an 8-byte little-endian length, a JSON header of that
// length, tensors in the order given. Types F64, F32, BF16, F16, I64, I32, U8. Returns the file's bytes. Atomic.
Result<std::uint64_t> write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                                        const std::map<std::string, std::string>& metadata = {});

struct SafeTensors {
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> metadata;
};
// Everything in the file. Hostile input is an Error: headers that are no JSON, sizes that do not fit, overlaps, gaps,
// truncation.
Result<SafeTensors> read_safetensors(const std::filesystem::path& path);

}  // namespace pg::train

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pg::verify {

// A kernel (C, C++, CUDA) that writes something for position i while a property of the token at position i, the target,
// decides on it: a table of the vocabulary is read at tokens[i], and the result stands in a condition or in a call
// ahead of the last write to [i] in the loop.
struct TargetGate {
  std::uint32_t target_line = 0, class_line = 0, use_line = 0;  // 1-based
  std::string target, cls, use;      // the variable names, and the function or the output that depends on it
  std::vector<std::string> experts;  // first words of the functions and outputs that depend on it ("within")
};

// A simple reading of the text: loops, assignments and names; no types, no preprocessor, no calls followed. Linear in
// the text for each loop; texts over 1 MiB give nothing.
std::vector<TargetGate> find_target_gates(std::string_view source);

}  // namespace pg::verify

#pragma once

#include <cstdint>
#include <string_view>

namespace pg::verify {

// How two texts differ by lines, in linear time: lines are compared as multisets, so moved lines count as equal.
struct LineDiff {
  std::uint32_t a_lines = 0, b_lines = 0;
  std::uint32_t only_a = 0, only_b = 0;    // lines that the other one lacks
  std::uint32_t first_a = 0, first_b = 0;  // 1-based: the first line where they part; 0 where one text ends the other

  // Lines changed, of those of the longer text: 0 (same lines) to 1 (nothing in common).
  double changed() const;
};

// One trailing newline is ignored, and '\r' at line ends.
LineDiff diff_lines(std::string_view a, std::string_view b);

// The line with this 1-based number, without its end; empty behind the last.
std::string_view line_at(std::string_view text, std::uint32_t line);

}  // namespace pg::verify

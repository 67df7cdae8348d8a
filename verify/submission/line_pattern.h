#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace pg::verify {

// What the placeholders of a pattern matched, in order.
struct Captures {
  std::array<std::string_view, 8> at;
  std::size_t count = 0;
  std::string_view operator[](std::size_t i) const { return at[i]; }
};

// Matches a whole line against a pattern that looks like the line itself:
//   #  digits                              (captured)
//   ~  decimal number, sign and exponent   (captured)
//   %  one or more non-blank characters, as few as possible (captured)
//   *  anything, also nothing, as little as possible        (not captured)
// Any other character stands for itself. "stopping_early: wallclock_cap train_time:#ms step:#/#*". Linear in the line
// for the patterns in use (at most one * or % is open at a time); no allocation.
bool match_line(std::string_view line, std::string_view pattern, Captures& captures);

}  // namespace pg::verify

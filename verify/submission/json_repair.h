#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pg::verify {

// JSON text with what people leave in it taken out, at the same line numbers.
struct RepairedJson {
  std::string text;
  std::vector<std::string> repairs;  // "line 7: trailing comma", at most 16
};

// Blanks comments (//, /* */ and #), trailing commas and whatever stands before the first brace, writes null for NaN
// and Infinity, and replaces invalid UTF-8. Strings are left alone. Linear time; lines keep their numbers.
RepairedJson repair_json(std::string_view text);

}  // namespace pg::verify

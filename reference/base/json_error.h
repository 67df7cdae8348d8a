#pragma once

#include <string>
#include <string_view>

namespace pg {

// What nlohmann/json says, without its own label: "[json.exception.parse_error.101] parse error at line 1 ..." ->
// "parse error at line 1 ...". Any other text stays as it is.
inline std::string json_problem(std::string_view what) {
  if (!what.starts_with("[json.exception.")) return std::string(what);
  const std::size_t end = what.find("] ");
  return std::string(end == std::string_view::npos ? what : what.substr(end + 2));
}

}  // namespace pg

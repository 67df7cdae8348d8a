#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "reference/base/result.h"

namespace pg::verify {

// Deeper JSON is refused: canonical_json() recurses.
inline constexpr int kMaxStrictJsonDepth = 64;

// The JSON value that all of `text` is. What two parsers could read differently is refused: a key that stands twice in
// one object, a byte order mark, text behind the value, invalid UTF-8. `what` is named in the Error.
Result<nlohmann::json> parse_strict_json(std::string_view text, std::string_view what);

}  // namespace pg::verify

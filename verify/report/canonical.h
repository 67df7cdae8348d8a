#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pg::verify {

// RFC 8785 (JSON Canonicalization Scheme): no blanks, members sorted by the UTF-16 code units of their names, shortest
// escapes, numbers as ECMAScript prints them; the same value always gives the same bytes, whatever the locale. Two
// deviations keep the output valid where the scheme has no answer: bytes that are not UTF-8 become U+FFFD, and numbers
// that are not finite become null. Integers are printed exactly, beyond 2^53 as well.
std::string canonical_json(const nlohmann::json& value);

}  // namespace pg::verify

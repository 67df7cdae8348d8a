#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pg::verify {

// RFC 4648 section 4, with padding.
std::string base64_encode(std::string_view bytes);

// The bytes, or nothing where `text` is not the one encoding that they have: padding is required, unused bits are zero,
// no blanks. The standard and the URL-safe alphabet are both read (DSSE asks verifiers to), but not mixed in one text.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace pg::verify

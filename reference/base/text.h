#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pg {

// Text from a submission is hostile: what is shown or written passes through these.

// `bytes` as valid UTF-8: every byte that is not part of a well-formed sequence becomes U+FFFD.
std::string to_utf8(std::string_view bytes);

// `text` safe for a terminal, on one line: invalid UTF-8 replaced, C0/C1 controls, DEL, line and paragraph separators
// and bidirectional overrides written as \xNN or \u{NNNN}. Longer than `max_chars` code points: cut, with "..." behind.
std::string escape_line(std::string_view text, std::size_t max_chars = 200);

// 15987547 -> "15,987,547"; negative numbers keep their sign.
std::string with_commas(std::int64_t value);

std::string_view trim(std::string_view text);

// Case-insensitive for ASCII letters.
bool contains_ignore_case(std::string_view haystack, std::string_view needle);
std::string to_lower(std::string_view text);

}  // namespace pg

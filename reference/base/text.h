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

// UTF-16 to UTF-8 in pieces of any size (logs redirected by PowerShell come that way). Halves of surrogate pairs become
// U+FFFD.
class Utf16Decoder {
 public:
  explicit Utf16Decoder(bool big_endian) : big_endian_(big_endian) {}
  std::string decode(std::string_view bytes);

 private:
  void put(std::uint32_t unit, std::string& out);

  bool big_endian_;
  bool has_byte_ = false;
  unsigned char byte_ = 0;  // first byte of an unfinished unit
  std::uint32_t high_ = 0;  // high surrogate that waits for its low one
};

// 15987547 -> "15,987,547"; negative numbers keep their sign.
std::string with_commas(std::int64_t value);

std::string_view trim(std::string_view text);

// Case-insensitive for ASCII letters.
bool contains_ignore_case(std::string_view haystack, std::string_view needle);
std::string to_lower(std::string_view text);

}  // namespace pg

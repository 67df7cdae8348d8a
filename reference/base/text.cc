#include "reference/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace pg {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// Decodes one code point at `i` and moves past it; a malformed byte (overlong, surrogate, cut short) counts as one
// kReplacement, as the Unicode standard recommends.
char32_t next_code_point(std::string_view s, std::size_t& i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(s[k]); };
  const unsigned char lead = byte(i);
  if (lead < 0x80) return static_cast<char32_t>(s[i++]);
  const int extra = lead >= 0xF0 && lead <= 0xF4 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC2 ? 1 : 0;
  if (extra == 0 || lead > 0xF4 || i + extra >= s.size()) {
    ++i;
    return kReplacement;
  }
  char32_t c = lead & (0x3F >> extra);
  for (int k = 1; k <= extra; ++k) {
    if ((byte(i + k) & 0xC0) != 0x80) {
      ++i;
      return kReplacement;
    }
    c = (c << 6) | (byte(i + k) & 0x3F);
  }
  const bool overlong = (extra == 2 && c < 0x800) || (extra == 3 && c < 0x10000);
  if (overlong || (c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF) {
    ++i;
    return kReplacement;
  }
  i += extra + 1;
  return c;
}

bool is_unsafe(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F || c == 0x061C || c == 0xFEFF;
}

}  // namespace

std::string to_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t start = i;
    if (next_code_point(bytes, i) == kReplacement && i == start + 1)
      out += "\xEF\xBF\xBD";
    else
      out += bytes.substr(start, i - start);
  }
  return out;
}

std::string escape_line(std::string_view text, std::size_t max_chars) {
  std::string out;
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) {
    if (count == max_chars) return out + "...";
    const std::size_t start = i;
    const char32_t c = next_code_point(text, i);
    if (c == kReplacement && i == start + 1)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[start]));
    else if (c == '\t')
      out += ' ';
    else if (is_unsafe(c))
      out += c < 0x100 ? fmt::format("\\x{:02x}", static_cast<unsigned>(c))
                       : fmt::format("\\u{{{:04x}}}", static_cast<unsigned>(c));
    else
      out += text.substr(start, i - start);
  }
  return out;
}

std::string Utf16Decoder::decode(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() / 2 + 4);
  for (const char c : bytes) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (has_byte_) put(big_endian_ ? (byte_ << 8) | byte : (byte << 8) | byte_, out);
    byte_ = byte;
    has_byte_ = !has_byte_;
  }
  return out;
}

void Utf16Decoder::put(std::uint32_t unit, std::string& out) {
  std::uint32_t c = unit;
  const bool low = unit >= 0xDC00 && unit <= 0xDFFF;
  if (high_ != 0 && low)
    c = 0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00);
  else if (high_ != 0)
    out += "\xEF\xBF\xBD";
  else if (low)
    c = kReplacement;
  high_ = 0;
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    high_ = unit;
    return;
  }
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  const int extra = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(kLead[extra] | (c >> (6 * extra)));
  for (int i = extra - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((c >> (6 * i)) & 0x3F));
}

std::string with_commas(std::int64_t value) {
  std::string digits = fmt::format("{}", value);
  const int first = value < 0 ? 1 : 0;
  for (int i = static_cast<int>(digits.size()) - 3; i > first; i -= 3)
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool contains_ignore_case(std::string_view haystack, std::string_view needle) {
  return to_lower(haystack).find(to_lower(needle)) != std::string::npos;
}

}  // namespace pg

#include <algorithm>
#include <array>
#include <optional>

#include "verify/submission/unpack_decoders.h"

namespace pg::verify {
namespace {

using Table = std::array<std::int8_t, 256>;

constexpr Table make_table(std::string_view alphabet) {
  Table table{};
  for (auto& value : table) value = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}

constexpr Table kBase85 =
    make_table("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~");
constexpr Table kBase32 = make_table("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");

constexpr Table make_base64() {
  Table table = make_table("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  table['-'] = 62;  // the URL-safe alphabet; b64decode would skip these two, and a literal that holds them needs them
  table['_'] = 63;
  return table;
}
constexpr Table kBase64 = make_base64();

int value_of(const Table& table, char c) {
  return table[static_cast<unsigned char>(c)];
}

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

Error bad_character(const char* codec, std::size_t at) {
  return Error{std::string("no valid ") + codec + " text at character " + std::to_string(at + 1)};
}

// Appends the 4 bytes of a group of 5 digits; false where it exceeds 32 bits.
bool append_group(std::uint64_t group, std::string& out) {
  if (group > 0xFFFFFFFFull) return false;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((group >> shift) & 0xFF);
  return true;
}

Result<std::string> decode_base85(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 5 * 4 + 4);
  std::uint64_t group = 0;
  int digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = value_of(kBase85, text[i]);
    if (value < 0) return bad_character("base85", i);
    group = group * 85 + static_cast<std::uint64_t>(value);
    if (++digits == 5) {
      if (!append_group(group, out)) return bad_character("base85", i);
      group = 0;
      digits = 0;
    }
  }
  if (digits > 0) {
    const int missing = 5 - digits;
    for (int i = 0; i < missing; ++i) group = group * 85 + 84;
    if (!append_group(group, out)) return bad_character("base85", text.size());
    out.resize(out.size() - static_cast<std::size_t>(missing));
  }
  return out;
}

// Plain and Adobe (<~ ~>) Ascii85, with the z and y groups; 'z' makes four bytes of one, so the caller's budget counts.
Result<std::string> decode_ascii85(std::string_view text, std::uint64_t max_output) {
  if (text.substr(0, 2) == "<~") text.remove_prefix(2);
  if (text.size() >= 2 && text.substr(text.size() - 2) == "~>") text.remove_suffix(2);
  std::string out;
  std::uint64_t group = 0;
  int digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_blank(c)) continue;
    if ((c == 'z' || c == 'y') && digits == 0) {
      out.append(4, c == 'z' ? '\0' : ' ');
    } else if (c < '!' || c > 'u') {
      return bad_character("ascii85", i);
    } else {
      group = group * 85 + static_cast<std::uint64_t>(c - '!');
      if (++digits < 5) continue;
      if (!append_group(group, out)) return bad_character("ascii85", i);
      group = 0;
      digits = 0;
    }
    if (out.size() > max_output) return Error{"decoded output is over the limit"};
  }
  if (digits > 0) {
    const int missing = 5 - digits;
    for (int i = 0; i < missing; ++i) group = group * 85 + 84;
    if (!append_group(group, out)) return bad_character("ascii85", text.size());
    out.resize(out.size() - static_cast<std::size_t>(missing));
  }
  return out;
}

// Base 2^bits digits, most significant first. Characters outside the alphabet are skipped as b64decode does by default,
// up to the padding.
Result<std::string> decode_power_of_two(const Table& table, int bits, const char* name, std::string_view text) {
  std::string out;
  out.reserve(text.size() * static_cast<std::size_t>(bits) / 8 + 1);
  std::uint32_t buffer = 0;
  int held = 0;
  std::size_t skipped = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=') break;
    const int value = value_of(table, text[i]);
    if (value < 0) {
      if (!is_blank(text[i]) && ++skipped > 64) return bad_character(name, i);
      continue;
    }
    buffer = (buffer << bits) | static_cast<std::uint32_t>(value);
    held += bits;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>((buffer >> held) & 0xFF);
    }
  }
  return out;
}

Result<std::string> decode_hex(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 2);
  int high = -1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_blank(c) && high < 0) continue;
    const char lower = static_cast<char>(c | 0x20);
    const int digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    if (digit < 0) return bad_character("hexadecimal", i);
    if (high >= 0) {
      out += static_cast<char>(high * 16 + digit);
      high = -1;
    } else {
      high = digit;
    }
  }
  if (high >= 0) return Error{"hexadecimal text of odd length"};
  return out;
}

}  // namespace

const char* codec_name(TextCodec codec) {
  switch (codec) {
    case TextCodec::b85:
      return "b85";
    case TextCodec::a85:
      return "a85";
    case TextCodec::b64:
      return "b64";
    case TextCodec::b32:
      return "b32";
    case TextCodec::hex:
      return "hex";
  }
  return "";
}

Result<std::string> decode_text(TextCodec codec, std::string_view text, UnpackBudget& budget) {
  // No encoding but Ascii85 makes more bytes than it has characters.
  if (text.size() > budget.left()) return Error{"decoded output is over the limit"};
  Result<std::string> out = Error{""};
  switch (codec) {
    case TextCodec::b85:
      out = decode_base85(text);
      break;
    case TextCodec::a85:
      out = decode_ascii85(text, budget.left());
      break;
    case TextCodec::b64:
      out = decode_power_of_two(kBase64, 6, "base64", text);
      break;
    case TextCodec::b32:
      out = decode_power_of_two(kBase32, 5, "base32", text);
      break;
    case TextCodec::hex:
      out = decode_hex(text);
      break;
  }
  if (out && !budget.take(out->size())) return Error{"decoded output is over the limit"};
  return out;
}

bool looks_like_text(std::string_view bytes) {
  constexpr std::size_t kBlock = 64;
  std::size_t bad = 0;
  for (std::size_t i = 0; i < bytes.size();) {
    // Whole blocks of printable ASCII, tabs and line ends, which the compiler can test 16 or 32 bytes at a time.
    while (i + kBlock <= bytes.size()) {
      unsigned char odd = 0;
      for (std::size_t k = i; k < i + kBlock; ++k) {
        const auto byte = static_cast<unsigned char>(bytes[k]);
        odd |= static_cast<unsigned char>((static_cast<unsigned char>(byte - 0x20) >= 0x5F) &
                                          (static_cast<unsigned char>(byte - 8) >= 6));
      }
      if (odd) break;
      i += kBlock;
    }
    if (i >= bytes.size()) break;
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (c == 0) return false;
    if (c < 0x80) {
      bad += (c < 0x20 && (c < 0x08 || c > 0x0D) && c != 0x1B) || c == 0x7F;
      ++i;
      continue;
    }
    const std::size_t length = c >= 0xF0 && c < 0xF8 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 && c < 0xE0 ? 2 : 1;
    std::size_t good = length > 1 && c < 0xF8 ? 1 : 0;
    while (good > 0 && good < length && i + good < bytes.size() && (bytes[i + good] & 0xC0) == 0x80) ++good;
    bad += good != length;
    i += good == length ? length : 1;
  }
  return bad * 200 <= bytes.size();
}

bool looks_like_python(std::string_view text) {
  if (text.empty() || !looks_like_text(text)) return false;
  std::string_view head = text.substr(0, 64 * 1024);
  if (head.find("exec(") != std::string_view::npos || head.find("print(") != std::string_view::npos) return true;
  // A line that starts as an import or a definition does; prose and tables have none.
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 1, head.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const auto has = [&](std::string_view word) { return line.find(word) != std::string_view::npos; };
    const bool import = line.starts_with("import ") || (line.starts_with("from ") && has(" import "));
    const bool definition = (line.starts_with("def ") && has("(")) || (line.starts_with("class ") && has(":"));
    if (import || definition) return true;
  }
  return false;
}

}  // namespace pg::verify

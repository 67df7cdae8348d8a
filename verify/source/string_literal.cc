// The values of string literals, as Python's lexical analysis defines them (reference manual 2.4.1).
#include <algorithm>
#include <cstdint>

#include "verify/source/ir.h"

namespace pg::verify::py {
namespace {

constexpr std::size_t kMaxValueBytes = 64u << 10;

void append_utf8(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x110000) {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// Reads up to `digits` digits of `base` from `text` at `i`.
std::uint32_t number(std::string_view text, std::size_t& i, int digits, std::uint32_t base) {
  std::uint32_t value = 0;
  for (; digits > 0 && i < text.size(); --digits, ++i) {
    const char c = text[i];
    const std::uint32_t digit = c >= '0' && c <= '9' ? static_cast<std::uint32_t>(c - '0')
                                : (c | 0x20) >= 'a' && (c | 0x20) <= 'f'
                                    ? static_cast<std::uint32_t>((c | 0x20) - 'a' + 10)
                                    : 99;
    if (digit >= base) break;
    value = value * base + digit;
  }
  return value;
}

// Resolves the escape whose letter is text[i]; leaves i behind it. `bytes`: \x and octal make bytes, \u is no escape.
void unescape(std::string_view text, std::size_t& i, bool bytes, std::string& out) {
  static constexpr std::string_view kLetters = "abfnrtv\\'\"", kValues = "\a\b\f\n\r\t\v\\'\"";
  const char letter = text[i++];
  const auto put = [&](std::uint32_t code) {
    if (bytes) {
      out += static_cast<char>(code & 0xff);
    } else {
      append_utf8(code, out);
    }
  };
  if (const auto at = kLetters.find(letter); at != std::string_view::npos) {
    out += kValues[at];
  } else if (letter == '\r' || letter == '\n') {
    if (letter == '\r' && i < text.size() && text[i] == '\n') ++i;  // a continued line
  } else if (letter == 'x') {
    put(number(text, i, 2, 16));
  } else if (letter >= '0' && letter <= '7') {
    --i;
    put(number(text, i, 3, 8));
  } else if (!bytes && (letter == 'u' || letter == 'U')) {
    append_utf8(number(text, i, letter == 'u' ? 4 : 8, 16), out);
  } else {
    out += '\\';
    out += letter;
  }
}

void append_content(std::string_view text, bool raw, bool bytes, bool doubled_braces, std::string& out) {
  for (std::size_t i = 0; i < text.size() && out.size() < kMaxValueBytes;) {
    const char c = text[i++];
    if (c == '\\' && !raw && i < text.size()) {
      unescape(text, i, bytes, out);
      continue;
    }
    out += c;
    if (doubled_braces && (c == '{' || c == '}') && i < text.size() && text[i] == c) ++i;
  }
}

// The end of the literal whose opening quotes end at `i`: where its closing quotes start.
std::size_t closing(std::string_view text, std::size_t i, std::string_view quotes) {
  for (; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text.substr(i, quotes.size()) == quotes) {
      return i;
    }
  }
  return text.size();
}

}  // namespace

std::string Module::string_value(ExprId id) const {
  std::string out;
  if (id == kNone || exprs[id].kind != ExprKind::string) return out;
  const std::string_view all = text(id);
  if (exprs[id].is_bare) {
    append_content(all, false, exprs[id].is_bytes, true, out);
    return out;
  }
  for (std::size_t i = 0; i < all.size() && out.size() < kMaxValueBytes;) {
    if (all[i] == '#') {  // a comment between adjacent literals
      i = std::min(all.find('\n', i), all.size());
      continue;
    }
    bool raw = false, bytes = false;
    std::size_t quote = i;
    for (; quote < all.size() && quote < i + 3 && all[quote] != '"' && all[quote] != '\''; ++quote) {
      raw = raw || (all[quote] | 0x20) == 'r';
      bytes = bytes || (all[quote] | 0x20) == 'b';
    }
    if (quote >= all.size() || (all[quote] != '"' && all[quote] != '\'')) {
      ++i;  // blanks, backslashes and parentheses between adjacent literals
      continue;
    }
    const std::string_view triple = all.substr(quote, 3);
    const bool is_triple = triple == "\"\"\"" || triple == "'''";
    const std::string_view quotes = all.substr(quote, is_triple ? 3 : 1);
    const std::size_t begin = quote + quotes.size(), end = closing(all, begin, quotes);
    append_content(all.substr(begin, end - begin), raw, bytes, false, out);
    i = end + quotes.size();
  }
  if (out.size() > kMaxValueBytes) out.resize(kMaxValueBytes);
  return out;
}

}  // namespace pg::verify::py

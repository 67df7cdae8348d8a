#include "verify/submission/unpack_lexer.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace pg::verify {
namespace {

using Kind = PyToken::Kind;

constexpr std::size_t kNone = std::string_view::npos;
constexpr int kMaxFstringNesting = 8;
// A broken f-string can send the scanner to the end of the file; after this many the simple reading is used, so that
// hostile input costs linear time.
constexpr int kMaxFailedFstrings = 16;

// A token list is several times its file, and fresh memory is slow: each thread keeps the last one for the next file.
thread_local std::vector<PyToken> spare_tokens;
constexpr std::size_t kMaxSpareTokens = 1 << 18;

enum : std::uint8_t { kNameChar = 1, kDigit = 2, kBlank = 4 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    if (digit || letter) classes[c] |= kNameChar;
    if (digit) classes[c] |= kDigit;
    if (c == ' ' || c == '\t' || c == '\f' || c == '\r' || c == '\v' || c == 0) classes[c] |= kBlank;
  }
  return classes;
}
constexpr auto kClasses = make_classes();

std::uint8_t class_of(char c) {
  return kClasses[static_cast<unsigned char>(c)];
}

// Whether `word` is a string prefix: one or two of b r f u t in any case.
bool string_prefix(std::string_view word, PyToken& token) {
  if (word.size() > 2) return false;
  for (const char c : word) {
    switch (c | 0x20) {
      case 'b':
        token.is_bytes = true;
        break;
      case 'r':
        token.is_raw = true;
        break;
      case 'f':
      case 't':
        token.is_fstring = true;
        break;
      case 'u':
        break;
      default:
        return false;
    }
  }
  return true;
}

// End of a plain string body that starts at `at` and ends before `quotes` quote characters: the offset of the closing
// quote; where it never closes, the end of the line (of the file for triple quotes).
std::size_t plain_string_end(std::string_view s, std::size_t at, char quote, std::size_t quotes) {
  while (at < s.size()) {
    const char c = s[at];
    if (c == '\\') {
      at += 2;
    } else if (c == '\n' && quotes == 1) {
      return at;
    } else if (c == quote && (quotes == 1 || (at + 2 < s.size() && s[at + 1] == quote && s[at + 2] == quote))) {
      return at;
    } else {
      ++at;
    }
  }
  return s.size();
}

std::size_t fstring_end(std::string_view s, std::size_t at, char quote, std::size_t quotes, int depth);

// Behind the string that starts with the quote at `at` inside an f-string's expression, or kNone.
std::size_t skip_nested_string(std::string_view s, std::size_t at, int depth) {
  const char quote = s[at];
  const std::size_t quotes = s.substr(at, 3) == std::string(3, quote) ? 3 : 1;
  const bool fstring =
      at > 0 && ((s[at - 1] | 0x20) == 'f' || (at > 1 && (s[at - 2] | 0x20) == 'f' && (s[at - 1] | 0x20) == 'r'));
  const std::size_t end =
      fstring ? fstring_end(s, at + quotes, quote, quotes, depth + 1) : plain_string_end(s, at + quotes, quote, quotes);
  if (end == kNone || end >= s.size() || s[end] != quote) return kNone;
  return end + quotes;
}

// Behind the '}' that closes the replacement field whose '{' is at `at`, or kNone where it does not close as
// Python 3.12 reads it.
std::size_t skip_field(std::string_view s, std::size_t at, int depth) {
  int brackets = 0;
  for (++at; at < s.size();) {
    const char c = s[at];
    if (c == '{' || c == '(' || c == '[') {
      ++brackets;
      ++at;
    } else if (c == ')' || c == ']') {
      --brackets;
      ++at;
    } else if (c == '}') {
      ++at;
      if (brackets-- <= 0) return at;
    } else if (c == '\'' || c == '"') {
      // A quote of the enclosing kind closes the f-string before Python 3.12 and opens a string from then on.
      if (depth >= kMaxFstringNesting) return kNone;
      at = skip_nested_string(s, at, depth);
      if (at == kNone) return kNone;
    } else {
      ++at;
    }
  }
  return kNone;
}

// Offset of the quote that closes an f-string whose body starts at `at`, or kNone.
std::size_t fstring_end(std::string_view s, std::size_t at, char quote, std::size_t quotes, int depth) {
  while (at < s.size()) {
    const char c = s[at];
    if (c == '\\') {
      at += 2;
    } else if (c == '{') {
      if (at + 1 < s.size() && s[at + 1] == '{') {
        at += 2;
        continue;
      }
      at = skip_field(s, at, depth);
      if (at == kNone) return kNone;
    } else if (c == '\n' && quotes == 1) {
      return kNone;
    } else if (c == quote && (quotes == 1 || (at + 2 < s.size() && s[at + 1] == quote && s[at + 2] == quote))) {
      return at;
    } else {
      ++at;
    }
  }
  return kNone;
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | ((code >> 18) & 0x07));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') return (c | 0x20) - 'a' + 10;
  return -1;
}

// Resolves the escape whose backslash is at `at`; returns the offset behind it.
std::size_t append_escape(std::string_view s, std::size_t at, bool is_bytes, std::string& out) {
  const auto put = [&](std::uint32_t code) {
    if (is_bytes) {
      out += static_cast<char>(code);
    } else {
      append_utf8(out, code);
    }
  };
  if (at + 1 >= s.size()) {
    out += '\\';
    return s.size();
  }
  const char c = s[at + 1];
  constexpr std::string_view kSimple = "\\'\"abfnrtv", kValues = "\\'\"\a\b\f\n\r\t\v";
  if (const auto simple = kSimple.find(c); simple != kNone) {
    out += kValues[simple];
    return at + 2;
  }
  if (c == '\n') return at + 2;
  if (c == '\r') return at + (s.substr(at + 2, 1) == "\n" ? 3 : 2);
  if (c >= '0' && c <= '7') {
    std::uint32_t code = 0;
    std::size_t end = at + 1;
    while (end < s.size() && end < at + 4 && s[end] >= '0' && s[end] <= '7') code = code * 8 + (s[end++] - '0');
    put(code & 0x1FF);
    return end;
  }
  const std::size_t digits = c == 'x' ? 2 : is_bytes ? 0 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits > 0 && at + 2 + digits <= s.size()) {
    std::uint32_t code = 0;
    bool valid = true;
    for (std::size_t i = 0; i < digits; ++i) {
      const int digit = hex_digit(s[at + 2 + i]);
      valid = valid && digit >= 0;
      code = code * 16 + static_cast<std::uint32_t>(std::max(digit, 0));
    }
    if (valid && code <= 0x10FFFF) {
      put(code);
      return at + 2 + digits;
    }
  }
  out += '\\';
  return at + 1;
}

}  // namespace

PyTokens::PyTokens(std::string_view source) : source_(source.substr(0, 0xFFFFFFFEu)) {
  tokens_.swap(spare_tokens);
  tokens_.clear();
  lex();
  tokens_.push_back({.kind = Kind::end, .offset = static_cast<std::uint32_t>(source_.size())});
  match_brackets();
  line_starts_.push_back(0);
  for (std::size_t at = 0; (at = source_.find('\n', at)) != kNone; ++at)
    line_starts_.push_back(static_cast<std::uint32_t>(at + 1));
}

PyTokens::~PyTokens() {
  if (tokens_.capacity() > spare_tokens.capacity() && tokens_.capacity() <= kMaxSpareTokens) tokens_.swap(spare_tokens);
}

void PyTokens::lex() {
  const std::string_view s = source_;
  std::size_t at = s.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0;
  int depth = 0;
  const auto push = [&](Kind kind, std::size_t start, std::size_t end) {
    tokens_.push_back(
        {.kind = kind, .offset = static_cast<std::uint32_t>(start), .length = static_cast<std::uint32_t>(end - start)});
  };
  while (at < s.size()) {
    if (tokens_.size() >= kMaxTokens) {
      cut_off_ = true;
      break;
    }
    const char c = s[at];
    const std::uint8_t cls = class_of(c);
    if (cls & kBlank) {
      ++at;
    } else if (c == '\n') {
      if (depth == 0 && !tokens_.empty() && tokens_.back().kind != Kind::newline) push(Kind::newline, at, at + 1);
      ++at;
    } else if (c == '#') {
      const void* end = std::memchr(s.data() + at, '\n', s.size() - at);
      at = end == nullptr ? s.size() : static_cast<std::size_t>(static_cast<const char*>(end) - s.data());
    } else if (c == '\\') {
      at += s.substr(at + 1, 2) == "\r\n" ? 3 : 2;
    } else if (cls & kNameChar) {
      const std::size_t start = at;
      const bool number = cls & kDigit;
      while (at < s.size() && (class_of(s[at]) & kNameChar || (number && s[at] == '.'))) ++at;
      if (!number && at < s.size() && at - start <= 2 && (s[at] == '"' || s[at] == '\'')) {
        PyToken prefix;
        if (string_prefix(s.substr(start, at - start), prefix)) {
          at = lex_string(start, at);
          continue;
        }
      }
      push(number ? Kind::number : Kind::name, start, at);
    } else if (c == '"' || c == '\'') {
      at = lex_string(at, at);
    } else {
      if (c == '(' || c == '[' || c == '{') ++depth;
      if ((c == ')' || c == ']' || c == '}') && depth > 0) --depth;
      push(Kind::op, at, at + 1);
      tokens_.back().op = c;
      ++at;
    }
  }
}

std::size_t PyTokens::lex_string(std::size_t start, std::size_t quote_at) {
  PyToken token{.kind = Kind::string};
  string_prefix(source_.substr(start, quote_at - start), token);
  const char quote = source_[quote_at];
  const bool triple = quote_at + 2 < source_.size() && source_[quote_at + 1] == quote && source_[quote_at + 2] == quote;
  const std::size_t quotes = triple ? 3 : 1, body = quote_at + quotes;
  std::size_t end = kNone;
  if (token.is_fstring && failed_fstrings_ < kMaxFailedFstrings) {
    end = fstring_end(source_, body, quote, quotes, 0);
    if (end == kNone) ++failed_fstrings_;
  }
  if (end == kNone) end = plain_string_end(source_, body, quote, quotes);
  end = std::min(end, source_.size());
  const bool closed = end < source_.size() && source_[end] == quote;
  const std::size_t after = closed ? end + quotes : end;
  token.offset = static_cast<std::uint32_t>(start);
  token.length = static_cast<std::uint32_t>(after - start);
  token.body = static_cast<std::uint32_t>(body);
  token.body_length = static_cast<std::uint32_t>(end - std::min(end, body));
  tokens_.push_back(token);
  return after;
}

void PyTokens::match_brackets() {
  std::vector<std::uint32_t> open;
  const auto last = static_cast<std::uint32_t>(tokens_.size() - 1);
  for (std::uint32_t i = 0; i < last; ++i) {
    const char c = tokens_[i].op;
    if (c == '(' || c == '[' || c == '{') {
      tokens_[i].match = last;
      open.push_back(i);
    } else if ((c == ')' || c == ']' || c == '}') && !open.empty()) {
      tokens_[open.back()].match = i;
      open.pop_back();
    }
  }
}

std::string PyTokens::string_value(std::size_t index) const {
  const PyToken& token = (*this)[index];
  const std::string_view body = source_.substr(token.body, token.body_length);
  if (token.is_raw || body.find('\\') == kNone) return std::string(body);
  std::string out;
  out.reserve(body.size());
  for (std::size_t at = 0; at < body.size();) {
    const void* next = std::memchr(body.data() + at, '\\', body.size() - at);
    const std::size_t end =
        next == nullptr ? body.size() : static_cast<std::size_t>(static_cast<const char*>(next) - body.data());
    out.append(body, at, end - at);
    at = end < body.size() ? append_escape(body, end, token.is_bytes, out) : end;
  }
  return out;
}

Span PyTokens::span(std::uint64_t offset, std::uint64_t length) const {
  const auto line = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset) - line_starts_.begin();
  return {offset, length, static_cast<std::uint32_t>(line),
          static_cast<std::uint32_t>(offset - line_starts_[static_cast<std::size_t>(line) - 1] + 1)};
}

Span span_of(std::string_view text, std::uint64_t offset, std::uint64_t length) {
  const std::string_view before = text.substr(0, offset);
  const auto newlines = std::count(before.begin(), before.end(), '\n');
  const auto last = before.rfind('\n');
  return {offset, length, static_cast<std::uint32_t>(newlines + 1),
          static_cast<std::uint32_t>(last == kNone ? offset + 1 : offset - last)};
}

}  // namespace pg::verify

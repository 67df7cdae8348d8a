#include "verify/submission/line_pattern.h"

namespace pg::verify {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::size_t digits_at(std::string_view s, std::size_t i) {
  const std::size_t start = i;
  while (i < s.size() && is_digit(s[i])) ++i;
  return i - start;
}

// Length of the decimal number at the start of `s`, 0 if there is none.
std::size_t number_at(std::string_view s) {
  std::size_t i = !s.empty() && (s[0] == '-' || s[0] == '+') ? 1 : 0;
  const std::size_t whole = digits_at(s, i);
  if (whole == 0) return 0;
  i += whole;
  if (i + 1 < s.size() && s[i] == '.' && is_digit(s[i + 1])) i += 1 + digits_at(s, i + 1);
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    std::size_t j = i + 1;
    if (j < s.size() && (s[j] == '-' || s[j] == '+')) ++j;
    if (const std::size_t exponent = digits_at(s, j)) i = j + exponent;
  }
  return i;
}

}  // namespace

bool match_line(std::string_view line, std::string_view pattern, Captures& captures) {
  captures.count = 0;
  std::size_t l = 0, p = 0;
  // The last open * or %: where to retry with one more character, and what had been captured by then.
  std::size_t retry_pattern = std::string_view::npos, retry_line = 0, retry_count = 0, token_start = 0;
  bool retry_is_token = false;
  while (true) {
    bool ok = true;
    if (p == pattern.size()) {
      if (l == line.size()) return true;
      ok = false;
    } else if (pattern[p] == '*' || pattern[p] == '%') {
      retry_is_token = pattern[p] == '%';
      ok = !retry_is_token || (l < line.size() && !is_blank(line[l]));
      if (ok) {
        retry_pattern = ++p;
        token_start = l;
        if (retry_is_token) captures.at[captures.count++] = line.substr(l++, 1);
        retry_line = l;
        retry_count = captures.count;
        continue;
      }
    } else if (pattern[p] == '#' || pattern[p] == '~') {
      const std::size_t n = pattern[p] == '#' ? digits_at(line, l) : number_at(line.substr(l));
      ok = n > 0;
      if (ok) {
        captures.at[captures.count++] = line.substr(l, n);
        l += n;
        ++p;
        continue;
      }
    } else {
      ok = l < line.size() && line[l] == pattern[p];
      if (ok) {
        ++l;
        ++p;
        continue;
      }
    }
    // Mismatch: give the open * or % one more character.
    if (retry_pattern == std::string_view::npos || retry_line >= line.size()) return false;
    if (retry_is_token && is_blank(line[retry_line])) return false;
    l = ++retry_line;
    p = retry_pattern;
    captures.count = retry_count;
    if (retry_is_token) captures.at[retry_count - 1] = line.substr(token_start, l - token_start);
  }
}

}  // namespace pg::verify

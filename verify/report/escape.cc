#include "verify/report/escape.h"

#include <algorithm>

namespace pg::verify {
namespace {

constexpr std::string_view kZeroWidthSpace = "\xE2\x80\x8B";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '+' || c == '-';
}

// ":white_check_mark:" at `i`.
bool starts_emoji_code(std::string_view text, std::size_t i) {
  std::size_t end = i + 1;
  while (end < text.size() && end - i < 64 && is_word(text[end])) ++end;
  return end > i + 1 && end < text.size() && text[end] == ':';
}

// Whether what GitHub would turn into a link starts behind the character at `i`.
bool breaks_behind(std::string_view text, std::size_t i) {
  const std::string_view rest = text.substr(i);
  switch (text[i]) {
    case '@':
    case '#':
      return true;
    case ':':
      return rest.starts_with("://") || starts_emoji_code(text, i);
    case 'w':
    case 'W':
      return rest.size() > 3 && rest[3] == '.' && (rest[1] | 0x20) == 'w' && (rest[2] | 0x20) == 'w';
    case 'H':
    case 'h':  // GH-123
      return i > 0 && (text[i - 1] | 0x20) == 'g' && rest.size() > 2 && rest[1] == '-' && is_digit(rest[2]);
    case 'm':
    case 'M':  // mailto:
      return rest.size() > 6 && (rest.starts_with("mailto") || rest.starts_with("MAILTO")) && rest[6] == ':';
    default:
      return false;
  }
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t i = 0; (i = text.find(what, i)) != std::string::npos; i += with.size())
    text.replace(i, what.size(), with);
  return text;
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += text[i];
    }
  }
  for (const char* forbidden : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})
    if (out.find(forbidden) != std::string::npos) out = replaced(std::move(out), forbidden, "\xEF\xBF\xBD");
  return out;
}

std::string escape_markdown(std::string_view text) {
  constexpr std::string_view kMarkup = "\\`*_[]#|~";
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '$')
      out += "<span>$</span>";  // GitHub's way to write one that opens no formula
    else if (kMarkup.find(c) != std::string_view::npos)
      (out += '\\') += c;
    else
      out += c;
    if (breaks_behind(text, i)) out += kZeroWidthSpace;
  }
  return out;
}

std::string code_span(std::string_view text) {
  if (text.empty()) return "";
  std::size_t longest = 0, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  const bool pad = text.front() == '`' || text.back() == '`' || (text.front() == ' ' && text.back() == ' ');
  return fence + (pad ? " " : "") + std::string(text) + (pad ? " " : "") + fence;
}

std::string escape_command_data(std::string_view text) {
  std::string out;
  for (const char c : escape_log_line(text)) {
    if (c == '%')
      out += "%25";
    else if (c == '\r')
      out += "%0D";
    else if (c == '\n')
      out += "%0A";
    else
      out += c;
  }
  return out;
}

std::string escape_command_property(std::string_view text) {
  return replaced(replaced(escape_command_data(text), ":", "%3A"), ",", "%2C");
}

std::string escape_log_line(std::string_view text) {
  return replaced(std::string(text), "##[", "## [");
}

std::string escape_sarif(std::string_view text) {
  std::string out = replaced(std::string(text), "](", "] (");
  for (std::size_t i = 0; (i = out.find('{', i)) != std::string::npos; i += 2)
    if (i + 1 < out.size() && is_digit(out[i + 1])) out.insert(i, 1, '{');
  return out;
}

}  // namespace pg::verify

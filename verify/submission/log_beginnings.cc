// The names that a log's lines begin with, for rules that ask what could have printed them.
#include <algorithm>

#include "verify/submission/log_lines.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxName = 80;
constexpr std::size_t kMaxText = 200;
constexpr std::size_t kMaxBeginnings = 256;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The length of the name; 0 where the line has none, or no number behind it.
std::size_t name_length(std::string_view line) {
  if (line.empty() || !is_letter(line[0])) return 0;
  std::size_t end = 0;
  for (; end < line.size() && end < kMaxName; ++end) {
    const char c = line[end];
    if (c == ':' || c == '=' || c == '[' || c == '(') break;
    if (c == ' ' && end + 1 < line.size() && is_digit(line[end + 1])) break;
    if (!is_letter(c) && !is_digit(c) && c != ' ' && c != '_' && c != '-' && c != '+' && c != '/' && c != '.') return 0;
  }
  if (end == line.size() || end == kMaxName) return 0;
  const std::string_view rest = line.substr(end, kMaxText);
  return std::any_of(rest.begin(), rest.end(), is_digit) ? end : 0;
}

}  // namespace

void RunCollector::add_beginning(std::string_view text, std::uint32_t number) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return;
  text.remove_prefix(first);
  const std::string_view name = text.substr(0, name_length(text));
  if (name.empty()) return;
  std::vector<LineBeginning>& known = current().beginnings;
  // Newest first: progress output repeats what it printed last.
  const auto same = std::find_if(known.rbegin(), known.rend(), [&](const LineBeginning& b) { return b.name == name; });
  if (same != known.rend()) {
    same->last_line = number;
  } else if (known.size() < kMaxBeginnings) {
    known.push_back({std::string(name), number, number, std::string(text.substr(0, kMaxText))});
  }
}

}  // namespace pg::verify

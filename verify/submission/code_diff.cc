#include "verify/submission/code_diff.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace pg::verify {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

double LineDiff::changed() const {
  const std::uint32_t lines = std::max({a_lines, b_lines, 1u});
  return static_cast<double>(std::max(only_a, only_b)) / lines;
}

LineDiff diff_lines(std::string_view a, std::string_view b) {
  const auto a_lines = lines_of(a), b_lines = lines_of(b);
  LineDiff diff;
  diff.a_lines = static_cast<std::uint32_t>(a_lines.size());
  diff.b_lines = static_cast<std::uint32_t>(b_lines.size());
  std::unordered_map<std::string_view, int> balance;
  balance.reserve(a_lines.size() * 2);
  for (const std::string_view line : a_lines) ++balance[line];
  for (const std::string_view line : b_lines) --balance[line];
  for (const auto& [line, count] : balance) {
    if (count > 0) diff.only_a += static_cast<std::uint32_t>(count);
    if (count < 0) diff.only_b += static_cast<std::uint32_t>(-count);
  }
  const auto parted = std::mismatch(a_lines.begin(), a_lines.end(), b_lines.begin(), b_lines.end());
  if (parted.first != a_lines.end()) diff.first_a = static_cast<std::uint32_t>(parted.first - a_lines.begin() + 1);
  if (parted.second != b_lines.end()) diff.first_b = static_cast<std::uint32_t>(parted.second - b_lines.begin() + 1);
  return diff;
}

std::string_view line_at(std::string_view text, std::uint32_t line) {
  for (; line > 1; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return line == 0 ? std::string_view() : text.substr(0, text.find('\n'));
}

}  // namespace pg::verify

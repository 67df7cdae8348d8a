#include "verify/cli/sample_argument.h"

#include <fmt/format.h>

#include <filesystem>

#include "reference/base/decimal.h"
#include "reference/base/file.h"
#include "reference/base/text.h"
#include "verify/cli/examine.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxFileBytes = 1 << 20;

bool separates(char c) {
  return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

Result<SeedSample> parse_numbers(std::string_view text, const std::string& name, std::optional<double> ratio) {
  SeedSample sample;
  sample.name = name;
  sample.source = SeedSample::Source::given;
  int line = 1;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '#') i = std::min(text.find('\n', i), text.size());
    if (i == text.size()) break;
    if (separates(text[i])) {
      line += text[i++] == '\n';
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && !separates(text[end]) && text[end] != '#') ++end;
    const auto word = text.substr(i, end - i);
    const auto number = parse_decimal(word);
    if (!number)
      return Error{fmt::format("{}, line {}: \"{}\" is no number", escape_line(name), line, escape_line(word, 60))};
    if (sample.scores.size() == kMaxNumbers)
      return Error{fmt::format("{} holds more than {} numbers", escape_line(name), kMaxNumbers)};
    sample.scores.push_back({std::nullopt, number->value, std::nullopt, number->decimals()});
    i = end;
  }
  if (sample.scores.empty()) return Error{fmt::format("{} holds no number", escape_line(name))};
  examine_sample(sample, ratio);
  return sample;
}

Result<SeedSample> sample_argument(const std::string& text, std::optional<double> ratio) {
  std::error_code error;
  if (fs::is_directory(text, error)) return load_sample(text);
  if (fs::is_regular_file(text, error)) {
    const auto content = read_file(text, kMaxFileBytes);
    if (!content) return content.error();
    return parse_numbers(*content, fs::path(text).filename().string(), ratio);
  }
  if (text.find_first_not_of("0123456789.,+-eE ") != std::string::npos)
    return Error{
        fmt::format("{}: no such folder or file, and not numbers separated by commas", escape_line(text, 500))};
  return parse_numbers(text, "numbers", ratio);
}

}  // namespace pg::verify

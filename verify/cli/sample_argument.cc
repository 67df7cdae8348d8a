#include "verify/cli/sample_argument.h"

#include <fmt/format.h>

#include <cmath>
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

// "1.08,x" and "nan" are lists gone wrong; "no/such/folder" is not.
bool means_numbers(const std::string& text) {
  if (text.find_first_not_of("0123456789.,+-eE ") == std::string::npos) return true;
  const std::string word = to_lower(text);
  return text.find('/') == std::string::npos &&
         (text.find(',') != std::string::npos || word.ends_with("nan") || word.ends_with("inf"));
}

}  // namespace

std::string score_problem(double value) {
  if (!std::isfinite(value)) return "is no finite number";
  if (value <= 0) return "is not positive: scores and losses are";
  if (value > kMaxScore) return fmt::format("is no score: more than {:g} bits or nats", kMaxScore);
  return "";
}

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
    if (const std::string problem = score_problem(number->value); !problem.empty())
      return Error{fmt::format("{}, line {}: {} {}", escape_line(name), line, escape_line(word, 60), problem)};
    if (sample.scores.size() == kMaxNumbers)
      return Error{fmt::format("{} holds more than {} numbers", escape_line(name), kMaxNumbers)};
    sample.scores.push_back({std::nullopt, number->value, std::nullopt, number->decimals()});
    i = end;
  }
  if (sample.scores.empty())
    return Error{fmt::format("{} holds no number: give scores such as 1.0793,1.0800", escape_line(name))};
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
  if (!means_numbers(text))
    return Error{
        fmt::format("{}: no such folder or file, and not numbers separated by commas", escape_line(text, 500))};
  return parse_numbers(text, "numbers", ratio);
}

}  // namespace pg::verify

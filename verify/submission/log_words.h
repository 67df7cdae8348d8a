#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "reference/base/decimal.h"
#include "verify/submission/log.h"

namespace pg::verify {

// The words that log lines are made of.

template <class T>
void log_value(Logged<T>& field, T value, std::uint32_t line) {
  field.value = std::move(value);
  field.line = line;
}

inline void log_int(Logged<std::int64_t>& field, std::string_view digits, std::uint32_t line) {
  if (const auto value = parse_int(digits)) log_value(field, *value, line);
}

// Splits off the next blank-separated word.
inline std::string_view next_word(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

// "key:value" or "key=value" of one word; the value may be in the next word ("train_time: 590009ms").
inline bool split_pair(std::string_view word, std::string_view& rest, std::string_view& key, std::string_view& value) {
  const std::size_t at = word.find_first_of(":=");
  if (at == std::string_view::npos || at == 0) return false;
  key = word.substr(0, at);
  value = word.substr(at + 1);
  if (value.empty() && word[at] == ':') value = next_word(rest);
  return true;
}

inline std::optional<std::int64_t> milliseconds(std::string_view value) {
  if (!value.ends_with("ms")) return std::nullopt;
  value.remove_suffix(2);
  const auto number = parse_decimal(value);
  return number && number->value >= 0 && number->value < 1e15 ? std::optional(static_cast<std::int64_t>(number->value))
                                                              : std::nullopt;
}

}  // namespace pg::verify

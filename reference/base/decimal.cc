#include "reference/base/decimal.h"

#include <charconv>
#include <cmath>

namespace pg {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Power of ten of the last printed mantissa digit.
int last_digit_exponent(std::string_view text) {
  int exponent = 0;
  const auto e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    if (!digits.empty() && digits.front() == '+') digits.remove_prefix(1);
    std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    text = text.substr(0, e);
  }
  const auto point = text.find('.');
  return exponent - (point == std::string_view::npos ? 0 : static_cast<int>(text.size() - point - 1));
}

}  // namespace

double Decimal::half_unit() const {
  return 0.5 * std::pow(10.0, last_digit_exponent(text));
}

int Decimal::decimals() const {
  const int exponent = last_digit_exponent(text);
  return exponent < 0 ? -exponent : 0;
}

std::optional<Decimal> parse_decimal(std::string_view text) {
  std::string_view digits = text;
  if (!digits.empty() && (digits.front() == '+' || digits.front() == '-')) digits.remove_prefix(1);
  // from_chars would take "inf" and "nan"; a number starts with a digit or with a point and a digit.
  const bool starts =
      !digits.empty() && (is_digit(digits[0]) || (digits[0] == '.' && digits.size() > 1 && is_digit(digits[1])));
  if (!starts) return std::nullopt;
  std::string_view number = text.front() == '+' ? text.substr(1) : text;
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size() || !std::isfinite(value)) return std::nullopt;
  return Decimal{value, std::string(text)};
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool agrees_at_rounding(const Decimal& claim, double exact) {
  return std::abs(claim.value - exact) <= claim.half_unit() + 1e-12 * std::max(1.0, std::abs(exact));
}

bool agree_as_printed(const Decimal& a, const Decimal& b) {
  return a.half_unit() >= b.half_unit() ? agrees_at_rounding(a, b.value) : agrees_at_rounding(b, a.value);
}

}  // namespace pg

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pg {

// A number as somebody printed it: the value and its text, because claims are compared at their own rounding.
struct Decimal {
  double value = 0;
  std::string text;

  // Half a unit in the last printed digit: "1.0810" -> 0.00005, "15900000" -> 0.5, "1e-3" -> 0.0005.
  double half_unit() const;
  // Digits behind the point ("1.0810" -> 4, "12" -> 0).
  int decimals() const;
};

// Parses the whole of `text` as a decimal number (sign, digits, fraction, exponent); "nan", "inf", hexadecimal and
// surrounding blanks are not numbers here.
std::optional<Decimal> parse_decimal(std::string_view text);

// Parses the whole of `text` as an unsigned integer below 2^63.
std::optional<std::int64_t> parse_int(std::string_view text);

// Whether `exact` rounds to what `claim` prints. Half a unit either way plus 1e-12 of slack for binary fractions, so
// both rounding directions of a tie agree.
bool agrees_at_rounding(const Decimal& claim, double exact);

// Whether two printed numbers are the same at the coarser rounding of the two: 1.3915172404 and 1.39151724 are.
bool agree_as_printed(const Decimal& a, const Decimal& b);

}  // namespace pg

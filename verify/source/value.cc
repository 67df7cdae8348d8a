#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "reference/base/text.h"
#include "verify/source/values.h"

namespace pg::verify::py {

Truth operator!(Truth t) {
  return t == Truth::unknown ? t : t == Truth::yes ? Truth::no : Truth::yes;
}
Truth both(Truth a, Truth b) {
  if (a == Truth::no || b == Truth::no) return Truth::no;
  return a == Truth::unknown || b == Truth::unknown ? Truth::unknown : Truth::yes;
}
Truth either(Truth a, Truth b) {
  return !both(!a, !b);
}

namespace {

// What a text says as a switch; logs print True where the environment held 1.
std::optional<bool> as_switch(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kOn = {"1", "true", "yes", "on", "t"},
                                                   kOff = {"0", "false", "no", "off", "none"};
  const std::string lower = to_lower(text);
  if (std::ranges::find(kOn, lower) != kOn.end()) return true;
  if (lower.empty() || std::ranges::find(kOff, lower) != kOff.end()) return false;
  return std::nullopt;
}

}  // namespace

Truth Value::truth() const {
  const auto of = [](bool b) { return b ? Truth::yes : Truth::no; };
  switch (kind) {
    case Kind::unknown:
      return Truth::unknown;
    case Kind::none:
      return Truth::no;
    case Kind::boolean:
    case Kind::integer:
      return of(integer != 0);
    case Kind::real:
      return of(real != 0);
    case Kind::text:
      return of(converted ? as_switch(text).value_or(true) : !text.empty());
    case Kind::sequence:
      return of(!items.empty());
  }
  return Truth::unknown;
}

bool operator==(const Value& a, const Value& b) {
  if (!a.known() || !b.known()) return false;
  if (a.is_number() && b.is_number()) {
    const bool exact = a.kind != Value::Kind::real && b.kind != Value::Kind::real;
    return exact ? a.integer == b.integer : a.number() == b.number();
  }
  if (a.kind != b.kind) return false;
  if (a.kind == Value::Kind::text) {
    if (a.text == b.text || (!a.converted && !b.converted)) return a.text == b.text;
    const auto left = as_switch(a.text), right = as_switch(b.text);
    if (left && right) return *left == *right;
    const Value x = value_of_text(a.text), y = value_of_text(b.text);
    return x.is_number() && y.is_number() && x.number() == y.number();
  }
  return a.kind == Value::Kind::none || std::ranges::equal(a.items, b.items);
}

Value make_boolean(bool b) {
  Value value;
  value.kind = Value::Kind::boolean;
  value.integer = b;
  return value;
}
Value make_truth(Truth t) {
  return t == Truth::unknown ? Value() : make_boolean(t == Truth::yes);
}
Value make_integer(std::int64_t i) {
  Value value;
  value.kind = Value::Kind::integer;
  value.integer = i;
  return value;
}
Value make_real(double d) {
  Value value;
  value.kind = Value::Kind::real;
  value.real = d;
  return value;
}
Value make_text(std::string text) {
  Value value;
  if (text.size() > kMaxTextBytes) return value;
  value.kind = Value::Kind::text;
  value.text = std::move(text);
  return value;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::string digits;
  std::ranges::remove_copy(trim(text), std::back_inserter(digits), '_');
  std::string_view rest = digits;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  int base = 10;
  if (rest.size() > 2 && rest[0] == '0') {
    const char letter = static_cast<char>(rest[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    if (base != 10) rest.remove_prefix(2);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  if (error != std::errc() || end != rest.data() + rest.size() || rest.starts_with('-')) return std::nullopt;
  return negative ? -value : value;
}

std::optional<double> real_of(std::string_view text) {
  std::string digits;
  std::ranges::remove_copy(trim(text), std::back_inserter(digits), '_');
  std::string_view rest = digits;
  if (rest.starts_with('+')) rest.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return value;
}

Value value_of_text(std::string_view text) {
  text = trim(text);
  if (text == "True" || text == "False") return make_boolean(text == "True");
  if (text == "None") {
    Value value;
    value.kind = Value::Kind::none;
    return value;
  }
  if (const auto integer = integer_of(text)) return make_integer(*integer);
  if (const auto real = real_of(text)) return make_real(*real);
  if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front()) {
    text = text.substr(1, text.size() - 2);
  }
  return make_text(std::string(text));
}

}  // namespace pg::verify::py

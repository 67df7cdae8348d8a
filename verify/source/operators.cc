#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reference/base/text.h"
#include "verify/source/values.h"

namespace pg::verify::py {
namespace {

using Kind = Value::Kind;

bool is_integral(const Value& v) {
  return v.kind == Kind::integer || v.kind == Kind::boolean;
}

Value integer_operation(Op op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case Op::add:
      return __builtin_add_overflow(a, b, &result) ? Value() : make_integer(result);
    case Op::sub:
      return __builtin_sub_overflow(a, b, &result) ? Value() : make_integer(result);
    case Op::mul:
      return __builtin_mul_overflow(a, b, &result) ? Value() : make_integer(result);
    case Op::floordiv:
    case Op::mod: {
      if (b == 0 || (a == INT64_MIN && b == -1)) return {};
      std::int64_t quotient = a / b, rest = a % b;
      if (rest != 0 && (rest < 0) != (b < 0)) --quotient, rest += b;  // rounds down
      return make_integer(op == Op::mod ? rest : quotient);
    }
    case Op::pow: {
      if (b < 0 || b > 64) return {};
      std::int64_t power = 1;
      for (; b > 0; --b) {
        if (__builtin_mul_overflow(power, a, &power)) return {};
      }
      return make_integer(power);
    }
    case Op::lshift:
      return b < 0 || b > 62 || a < 0 || a > (INT64_MAX >> b) ? Value() : make_integer(a << b);
    case Op::rshift:
      return b < 0 || b > 63 ? Value() : make_integer(a >> b);
    case Op::bit_and:
      return make_integer(a & b);
    case Op::bit_or:
      return make_integer(a | b);
    case Op::bit_xor:
      return make_integer(a ^ b);
    default:
      return {};
  }
}

Truth contains(const Value& container, const Value& item) {
  if (!item.known()) return Truth::unknown;
  if (container.kind == Kind::text) {
    if (item.kind != Kind::text) return Truth::unknown;
    return container.text.find(item.text) != std::string::npos ? Truth::yes : Truth::no;
  }
  if (container.kind != Kind::sequence) return Truth::unknown;
  Truth result = Truth::no;
  for (const Value& candidate : container.items) {
    result = either(result, !candidate.known() ? Truth::unknown : candidate == item ? Truth::yes : Truth::no);
  }
  return result;
}

}  // namespace

std::string printed(const Value& value) {
  switch (value.kind) {
    case Kind::none:
      return "None";
    case Kind::boolean:
      return value.integer ? "True" : "False";
    case Kind::integer:
      return fmt::format("{}", value.integer);
    case Kind::real: {
      std::string text = fmt::format("{}", value.real);
      if (text.find_first_of(".en") == std::string::npos) text += ".0";
      return text;
    }
    case Kind::text:
      return value.text;
    default:
      return {};
  }
}

Value apply_unary(Op op, const Value& a) {
  if (op == Op::not_) return make_truth(!a.truth());
  if (!a.is_number()) return {};
  if (op == Op::pos) return a;
  if (op == Op::neg && a.kind == Kind::real) return make_real(-a.real);
  if (op == Op::neg) return integer_operation(Op::sub, 0, a.integer);
  return op == Op::invert && is_integral(a) ? make_integer(~a.integer) : Value();
}

Value apply_binary(Op op, const Value& a, const Value& b) {
  if (a.kind == Kind::text && b.kind == Kind::text && op == Op::add) return make_text(a.text + b.text);
  if (a.kind == Kind::sequence && b.kind == Kind::sequence && op == Op::add) {
    Value joined = a;
    joined.items.insert(joined.items.end(), b.items.begin(), b.items.end());
    return joined.items.size() <= kMaxItems ? joined : Value();
  }
  if (!a.is_number() || !b.is_number()) return {};
  if (is_integral(a) && is_integral(b) && op != Op::div) {
    const Value result = integer_operation(op, a.integer, b.integer);
    if (op != Op::pow || result.known() || b.integer >= 0) return result;
  }
  const double x = a.number(), y = b.number();
  switch (op) {
    case Op::add:
      return make_real(x + y);
    case Op::sub:
      return make_real(x - y);
    case Op::mul:
      return make_real(x * y);
    case Op::div:
      return y == 0 ? Value() : make_real(x / y);
    case Op::floordiv:
      return y == 0 ? Value() : make_real(std::floor(x / y));
    case Op::pow:
      return make_real(std::pow(x, y));
    default:
      return {};
  }
}

Truth compare(Op op, const Value& a, const Value& b) {
  const auto of = [](bool t) { return t ? Truth::yes : Truth::no; };
  switch (op) {
    case Op::in:
      return contains(b, a);
    case Op::not_in:
      return !contains(b, a);
    case Op::is:
    case Op::is_not: {
      // Identity is known where one side is None or a boolean.
      if (!a.known() || !b.known()) return Truth::unknown;
      const bool same = a.kind == b.kind && (a.kind == Kind::none || a.kind == Kind::boolean) && a.integer == b.integer;
      if (!same && a.kind == b.kind && a.kind != Kind::boolean) return Truth::unknown;
      return of(same == (op == Op::is));
    }
    default:
      break;
  }
  if (!a.known() || !b.known()) return Truth::unknown;
  if (op == Op::eq) return of(a == b);
  if (op == Op::ne) return of(!(a == b));
  if (a.is_number() && b.is_number()) {
    const double x = a.number(), y = b.number();
    return of(op == Op::lt ? x < y : op == Op::le ? x <= y : op == Op::gt ? x > y : x >= y);
  }
  if (a.kind == Kind::text && b.kind == Kind::text && !a.converted && !b.converted) {
    return of(op == Op::lt   ? a.text < b.text
              : op == Op::le ? a.text <= b.text
              : op == Op::gt ? a.text > b.text
                             : a.text >= b.text);
  }
  return Truth::unknown;
}

namespace {

Value to_number(const Value& a, bool integral) {
  if (a.kind == Kind::text) {
    const Value read = a.converted ? value_of_text(a.text) : Value();
    if (read.is_number()) return to_number(read, integral);
    if (integral) {
      const auto integer = integer_of(a.text);
      return integer ? make_integer(*integer) : Value();
    }
    const auto real = real_of(a.text);
    return real ? make_real(*real) : Value();
  }
  if (!a.is_number()) return {};
  if (!integral) return make_real(a.number());
  if (a.kind != Kind::real) return make_integer(a.integer);
  return std::abs(a.real) < 9e18 ? make_integer(static_cast<std::int64_t>(a.real)) : Value();
}

}  // namespace

Value apply_builtin(std::string_view name, const std::vector<Value>& arguments) {
  if (arguments.empty()) return {};
  const Value& a = arguments[0];
  if (name == "bool") return make_truth(a.truth());
  if (!a.known()) return {};
  if (name == "int") return arguments.size() == 1 ? to_number(a, true) : Value();
  if (name == "float") return to_number(a, false);
  if (name == "str") {
    Value text = a.kind == Kind::sequence ? Value() : make_text(printed(a));
    text.converted = a.converted;
    return text;
  }
  if (name == "len" && a.kind == Kind::text) return make_integer(static_cast<std::int64_t>(a.text.size()));
  if (name == "len" && a.kind == Kind::sequence) return make_integer(static_cast<std::int64_t>(a.items.size()));
  if (name == "abs" && a.kind == Kind::real) return make_real(std::abs(a.real));
  if (name == "abs" && is_integral(a)) return a.integer < 0 ? apply_unary(Op::neg, a) : a;
  if ((name == "tuple" || name == "list" || name == "set") && a.kind == Kind::sequence) return a;
  if ((name == "min" || name == "max") && arguments.size() > 1) {
    if (!std::ranges::all_of(arguments, [](const Value& v) { return v.is_number(); })) return {};
    const auto less = [](const Value& x, const Value& y) { return x.number() < y.number(); };
    return name == "min" ? std::ranges::min(arguments, less) : std::ranges::max(arguments, less);
  }
  return {};
}

Value apply_method(const Value& object, std::string_view name, const std::vector<Value>& arguments) {
  if (object.kind != Kind::text) return {};
  Value result = object;
  if (name == "lower" || name == "casefold") {
    result.text = to_lower(object.text);
    return result;
  }
  if (name == "upper") {
    std::ranges::transform(result.text, result.text.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return result;
  }
  if (name == "strip" && arguments.empty()) {
    result.text = std::string(trim(object.text));
    return result;
  }
  if (name == "startswith" && arguments.size() == 1 && arguments[0].kind == Kind::text) {
    return make_boolean(object.text.starts_with(arguments[0].text));
  }
  if (name == "split" && arguments.size() <= 1) {
    const std::string separator = arguments.empty() ? " " : arguments[0].text;
    if (separator.empty() || (!arguments.empty() && arguments[0].kind != Kind::text)) return {};
    Value pieces;
    pieces.kind = Kind::sequence;
    for (std::size_t i = 0; i <= object.text.size() && pieces.items.size() < kMaxItems;) {
      const auto end = std::min(object.text.find(separator, i), object.text.size());
      if (!arguments.empty() || end > i) pieces.items.push_back(make_text(object.text.substr(i, end - i)));
      i = end + separator.size();
    }
    return pieces;
  }
  return {};
}

}  // namespace pg::verify::py

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/source/fold.h"

namespace pg::verify::py {

inline constexpr std::size_t kMaxTextBytes = 4096, kMaxItems = 64;

Value make_boolean(bool b);
Value make_truth(Truth t);
Value make_integer(std::int64_t i);
Value make_real(double d);
Value make_text(std::string text);  // unknown where longer than kMaxTextBytes

// As Python's int() and float() read a text.
std::optional<std::int64_t> integer_of(std::string_view text);
std::optional<double> real_of(std::string_view text);
// A value as a log prints it: True, None, numbers, quoted or bare text.
Value value_of_text(std::string_view text);

// Operators and builtins on known operands; unknown where Python would raise or the result is not modelled.
Value apply_unary(Op op, const Value& a);
Value apply_binary(Op op, const Value& a, const Value& b);
Truth compare(Op op, const Value& a, const Value& b);
Value apply_builtin(std::string_view name, const std::vector<Value>& arguments);
Value apply_method(const Value& object, std::string_view name, const std::vector<Value>& arguments);
std::string printed(const Value& value);  // str()

}  // namespace pg::verify::py

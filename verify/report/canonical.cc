#include "verify/report/canonical.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

using nlohmann::json;

void write_string(std::string& out, const std::string& raw) {
  out += '"';
  for (const char c : to_utf8(raw)) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (byte < 0x20)
          out += fmt::format("\\u{:04x}", byte);
        else
          out += c;
    }
  }
  out += '"';
}

// ECMAScript Number::toString: the shortest digits that round-trip, as an integer or fraction from 1e-6 to 1e21, else
// with an exponent.
void write_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  if (value == 0) {
    out += '0';
    return;
  }
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(value), std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));  // d[.ddd]e[+-]dd
  const std::size_t e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  const char* first = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(first, end, exponent);
  const int n = exponent + 1, k = static_cast<int>(digits.size());  // value = 0.digits * 10^n
  if (value < 0) out += '-';
  if (n > 0 && n <= 21) {
    digits.append(static_cast<std::size_t>(std::max(0, n - k)), '0');
    if (k > n) digits.insert(static_cast<std::size_t>(n), 1, '.');
    out += digits;
  } else if (n > -6 && n <= 0) {
    out += "0." + std::string(static_cast<std::size_t>(-n), '0') + digits;
  } else {
    if (k > 1) digits.insert(1, 1, '.');
    out += fmt::format("{}e{}{}", digits, n > 0 ? '+' : '-', std::abs(n - 1));
  }
}

// Members sort by UTF-16 code units. That is the order of UTF-8 bytes except that surrogate pairs (lead byte F0 and up)
// come before U+E000 to U+FFFF (lead bytes EE and EF).
bool utf16_less(const std::string& a, const std::string& b) {
  const auto rank = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0xF0 ? byte - 2 : byte >= 0xEE ? byte + 0x11 : byte;
  };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return rank(x) < rank(y); });
}

void write(std::string& out, const json& value);

void write_object(std::string& out, const json& value) {
  std::vector<std::pair<std::string, const json*>> members;
  members.reserve(value.size());
  for (const auto& [key, member] : value.items()) members.emplace_back(to_utf8(key), &member);
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return utf16_less(a.first, b.first); });
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    write_string(out, members[i].first);
    out += ':';
    write(out, *members[i].second);
  }
  out += '}';
}

// Recursion is bounded: reports are a few levels deep, whatever a submission holds.
void write(std::string& out, const json& value) {
  switch (value.type()) {
    case json::value_t::boolean:
      out += value.get<bool>() ? "true" : "false";
      break;
    case json::value_t::number_integer:
      out += fmt::format("{}", value.get<std::int64_t>());
      break;
    case json::value_t::number_unsigned:
      out += fmt::format("{}", value.get<std::uint64_t>());
      break;
    case json::value_t::number_float:
      write_double(out, value.get<double>());
      break;
    case json::value_t::string:
      write_string(out, value.get_ref<const std::string&>());
      break;
    case json::value_t::array: {
      out += '[';
      bool first = true;
      for (const json& element : value) {
        if (!first) out += ',';
        first = false;
        write(out, element);
      }
      out += ']';
      break;
    }
    case json::value_t::object:
      write_object(out, value);
      break;
    default:
      out += "null";
  }
}

}  // namespace

std::string canonical_json(const json& value) {
  std::string out;
  write(out, value);
  return out;
}

}  // namespace pg::verify

#include "verify/submission/metadata_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

using Kind = MetadataDeviation::Kind;

constexpr std::size_t kMaxDeviations = 500;
constexpr double kMaxInteger = 9e15;  // exactly representable as a double, and no size or time comes near it

struct UnitName {
  std::string_view name;
  double factor;  // to bytes or to milliseconds
};
constexpr UnitName kByteUnits[] = {{"b", 1},    {"byte", 1},      {"bytes", 1}, {"kb", 1e3},        {"kib", 1024},
                                   {"mb", 1e6}, {"mib", 1048576}, {"gb", 1e9},  {"gib", 1073741824}};
constexpr UnitName kTimeUnits[] = {{"ms", 1},        {"s", 1e3},    {"sec", 1e3},    {"secs", 1e3}, {"second", 1e3},
                                   {"seconds", 1e3}, {"m", 6e4},    {"min", 6e4},    {"mins", 6e4}, {"minutes", 6e4},
                                   {"h", 3.6e6},     {"hr", 3.6e6}, {"hours", 3.6e6}};

double factor_of(Unit unit) {
  switch (unit) {
    case Unit::megabytes:
      return 1e6;
    case Unit::seconds:
      return 1e3;
    case Unit::minutes:
      return 6e4;
    case Unit::hours:
      return 3.6e6;
    case Unit::none:
    case Unit::bytes:
    case Unit::milliseconds:
      break;
  }
  return 1;
}

// The factor that the written unit asks for, else that of the key; empty where the unit is not one of `units`.
std::optional<double> factor_for(const Quantity& quantity, Unit key_unit, std::span<const UnitName> units) {
  if (quantity.unit.empty()) return factor_of(key_unit);
  for (const UnitName& unit : units)
    if (unit.name == quantity.unit) return unit.factor;
  return std::nullopt;
}

bool digit(char c) {
  return c >= '0' && c <= '9';
}

// Length of "1,234,567" or "1234567" in front of `text`, commas in groups of three only.
std::size_t integer_length(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && digit(text[n])) ++n;
  while (n + 3 < text.size() && (text[n] == ',' || text[n] == '_') && digit(text[n + 1]) && digit(text[n + 2]) &&
         digit(text[n + 3]) && (n + 4 == text.size() || !digit(text[n + 4])))
    n += 4;
  return n;
}

}  // namespace

std::optional<Quantity> parse_quantity(std::string_view text) {
  Quantity quantity;
  text = trim(text);
  for (const std::string_view mark : {"~", "\xE2\x89\x88", "<=", ">=", "<", ">", "approx ", "about "})
    while (text.substr(0, mark.size()) == mark) {
      quantity.approximate = true;
      text = trim(text.substr(mark.size()));
    }
  std::size_t n = !text.empty() && text[0] == '-' ? 1 : 0;
  n += integer_length(text.substr(n));
  if (n < text.size() && text[n] == '.') {
    ++n;
    while (n < text.size() && digit(text[n])) ++n;
  }
  if (n + 1 < text.size() && (text[n] == 'e' || text[n] == 'E')) {
    std::size_t end = n + (text[n + 1] == '-' || text[n + 1] == '+' ? 2 : 1);
    const std::size_t digits = end;
    while (end < text.size() && digit(text[end])) ++end;
    if (end > digits) n = end;
  }
  std::string number(text.substr(0, n));
  std::erase_if(number, [](char c) { return c == ',' || c == '_'; });
  const auto decimal = parse_decimal(number);
  if (!decimal) return std::nullopt;
  quantity.number = *decimal;
  quantity.unit = to_lower(trim(text.substr(n)));
  const bool word = std::ranges::all_of(quantity.unit, [](char c) { return c >= 'a' && c <= 'z'; });
  return word ? std::optional(quantity) : std::nullopt;
}

std::string normalized_key(std::string_view key) {
  std::string out = to_lower(trim(key));
  for (char& c : out)
    if (c == '-' || c == ' ' || c == '.') c = '_';
  return out;
}

Scope::Scope(const JsonValue& object, std::string prefix) {
  for (const JsonMember& member : object.members)
    entries_.insert_or_assign(normalized_key(member.key), Entry{&member, prefix + member.key});
}

const Scope::Entry* Scope::find(std::string_view key) const {
  const auto at = entries_.find(key);
  return at == entries_.end() ? nullptr : &at->second;
}

void Deviations::add(Kind kind, std::string_view key, std::uint32_t line, std::string message) {
  if (out_.size() < kMaxDeviations) out_.push_back({kind, std::string(key), line, std::move(message)});
}

template <class T, class Convert>
Claimed<T> FieldReader::first(const Field& field, Convert convert) const {
  for (const Scope& scope : scopes_) {
    for (const Synonym& synonym : field.synonyms) {
      const Scope::Entry* const entry = scope.find(synonym.key);
      if (entry == nullptr) continue;
      const JsonValue& value = entry->member->value;
      const std::uint32_t line = entry->member->line;
      if (value.is_null()) {
        deviations_.add(Kind::null_value, entry->path, line, fmt::format("{} is null", entry->path));
        continue;
      }
      std::string why;
      Kind kind = Kind::wrong_type;
      std::optional<T> converted = convert(value, synonym, kind, why);
      if (!why.empty()) deviations_.add(kind, entry->path, line, fmt::format("{} {}", entry->path, why));
      if (!converted) continue;
      // "bytes_model_int8_zlib" names its format: the contest's template does that.
      const bool standard = (synonym.key == field.name && entry->path == field.name) ||
                            (field.name == "bytes_model" && synonym.key.substr(0, field.name.size()) == field.name);
      if (!standard && normalized_key(entry->member->key) != entry->member->key)
        deviations_.add(Kind::odd_name, entry->path, line, fmt::format("{} is read as {}", entry->path, field.name));
      else if (!standard && scope.find(field.name) == nullptr)
        deviations_.add(Kind::synonym, entry->path, line, fmt::format("{} stands in for {}", entry->path, field.name));
      return {std::move(converted), entry->path, line, 0};
    }
  }
  return {};
}

namespace {

// The number of a value, in words why it is none: `why` stays empty for numbers, is set beside a result for numbers
// written as strings, and is set alone where there is no number to take.
std::optional<Quantity> quantity_of(const JsonValue& value, Kind& kind, std::string& why) {
  if (value.is_number()) {
    const auto number = parse_decimal(value.text);
    if (!number) why = "is a number out of range";
    return number ? std::optional(Quantity{*number, "", false}) : std::nullopt;
  }
  if (value.is_string()) {
    const auto quantity = parse_quantity(value.text);
    if (trim(value.text).empty()) kind = Kind::blank;
    if (kind == Kind::blank)
      why = "is blank";
    else if (!quantity)
      why = fmt::format("is the text \"{}\", not a number", escape_line(value.text, 40));
    else if (quantity->approximate)
      why = fmt::format("is \"{}\": a bound or an estimate, not a value", escape_line(value.text, 40));
    else
      why = fmt::format("is the text \"{}\"; write the bare number", escape_line(value.text, 40));
    return quantity && !quantity->approximate ? quantity : std::nullopt;
  }
  why = value.is_object()  ? "is an object, not a number"
        : value.is_array() ? "is a list, not a number"
                           : "is true/false, not a number";
  return std::nullopt;
}

std::optional<Quantity> positive(const JsonValue& value, const Field& field, Kind& kind, std::string& why) {
  auto quantity = quantity_of(value, kind, why);
  if (!quantity) return std::nullopt;
  if (quantity->number.value < 0 || (quantity->number.value == 0 && !field.zero_is_value)) {
    kind = Kind::blank;
    why = fmt::format("is {}, a placeholder", quantity->number.text);
    return std::nullopt;
  }
  return quantity;
}

}  // namespace

Claimed<Decimal> FieldReader::decimal(const Field& field) const {
  return first<Decimal>(field, [&](const JsonValue& value, const Synonym&, Kind& kind, std::string& why) {
    auto quantity = positive(value, field, kind, why);
    if (quantity && !quantity->unit.empty() && quantity->unit != "bpb" && quantity->unit != "nats") {
      why = fmt::format("has the unit {}", quantity->unit);
      quantity.reset();
    }
    return quantity ? std::optional(quantity->number) : std::nullopt;
  });
}

Claimed<std::int64_t> FieldReader::integer(const Field& field) const {
  double half_unit = 0;
  auto found = first<std::int64_t>(
      field,
      [&](const JsonValue& value, const Synonym& synonym, Kind& kind, std::string& why) -> std::optional<std::int64_t> {
        const auto quantity = positive(value, field, kind, why);
        if (!quantity) return std::nullopt;
        const double number = quantity->number.value;
        const bool sized = synonym.unit == Unit::bytes || synonym.unit == Unit::megabytes;
        const auto factor = factor_for(*quantity, synonym.unit,
                                       sized ? std::span<const UnitName>(kByteUnits) : std::span<const UnitName>());
        const bool whole = number == std::floor(number);
        kind = Kind::wrong_type;
        if (!factor || number * *factor > kMaxInteger) {
          why = fmt::format("is {} {}", quantity->number.text, factor ? "and out of range" : quantity->unit);
          return std::nullopt;
        }
        if (sized && *factor == 1 && !whole && number < 1000) {
          why = fmt::format("is {}: megabytes where bytes are meant? write the whole number of bytes",
                            quantity->number.text);
          return std::nullopt;
        }
        if (*factor != 1)
          why =
              fmt::format("is {} {}: rounded, read as {} bytes", quantity->number.text,
                          quantity->unit.empty() ? "MB" : quantity->unit, with_commas(std::llround(number * *factor)));
        else if (!whole && synonym.key.find("mean") == std::string_view::npos)
          why = fmt::format("is {}, not a whole number", quantity->number.text);
        half_unit = *factor == 1 ? 0 : quantity->number.half_unit() * *factor;
        return std::llround(number * *factor);
      });
  found.half_unit = half_unit;
  return found;
}

Claimed<double> FieldReader::milliseconds(const Field& field) const {
  return first<double>(
      field,
      [&](const JsonValue& value, const Synonym& synonym, Kind& kind, std::string& why) -> std::optional<double> {
        if (value.is_array() && !value.items.empty()) {  // one per seed: the slowest is what a limit is held against
          double most = 0;
          for (const JsonValue& item : value.items) {
            const auto one = item.is_number() ? parse_decimal(item.text) : std::nullopt;
            if (!one) return why = "is a list with something else than numbers", std::nullopt;
            most = std::max(most, one->value * factor_of(synonym.unit));
          }
          why = "is a list; its largest value is taken";
          return most;
        }
        const auto quantity = positive(value, field, kind, why);
        if (!quantity) return std::nullopt;
        const auto factor = factor_for(*quantity, synonym.unit, kTimeUnits);
        if (!factor) return why = fmt::format("has the unit {}", quantity->unit), std::nullopt;
        const double ms = quantity->number.value * *factor;
        // No run of the contest took a week, no training or evaluation less than a tenth of a second.
        if (ms > 7.0 * 24 * 3.6e6 || ms < 100) {
          kind = Kind::inconsistent;
          why = fmt::format("is {}: seconds and milliseconds confused?", quantity->number.text);
        }
        return ms;
      });
}

Claimed<double> FieldReader::real(const Field& field) const {
  const Claimed<Decimal> found = decimal(field);
  return found ? Claimed<double>{found->value, found.key, found.line, 0} : Claimed<double>{};
}

namespace {

std::string name_in(const JsonValue& value) {
  if (value.is_string() || value.is_number()) return value.text;
  for (const char* key : {"name", "author", "github_id", "github"})
    if (const JsonValue* const inner = value.find(key); inner != nullptr && inner->is_string()) return inner->text;
  return "";
}

}  // namespace

Claimed<std::string> FieldReader::text(const Field& field) const {
  return first<std::string>(
      field, [](const JsonValue& value, const Synonym&, Kind& kind, std::string& why) -> std::optional<std::string> {
        std::string text = name_in(value);
        if (value.is_array())
          for (const JsonValue& item : value.items)
            if (const std::string one = name_in(item); !one.empty()) text += (text.empty() ? "" : ", ") + one;
        if (!value.is_string()) why = "is not a text";
        if (trim(text).empty()) {
          if (value.is_string()) kind = Kind::blank, why = "is blank";
          return std::nullopt;
        }
        return text;
      });
}

}  // namespace pg::verify

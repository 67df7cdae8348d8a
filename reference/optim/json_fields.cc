#include "reference/optim/json_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "reference/base/text.h"

namespace pg::optim {

JsonFields::JsonFields(const nlohmann::json& object, std::string_view where) : object_(object), where_(where) {
  if (!object.is_object()) error_ = fmt::format("{}: not a JSON object", where_);
}

const nlohmann::json* JsonFields::find(std::string_view name) {
  known_.emplace_back(name);
  if (!object_.is_object()) return nullptr;
  const auto it = object_.find(std::string(name));
  return it == object_.end() ? nullptr : &*it;
}

void JsonFields::fail(std::string_view name, std::string_view wanted, const nlohmann::json& found) {
  if (error_.empty())
    error_ = fmt::format("{}: \"{}\" is {}, not {}", where_, name, escape_line(found.dump(), 60), wanted);
}

void JsonFields::number(std::string_view name, double& value, double low, double high) {
  const auto* field = find(name);
  if (!field) return;
  if (!field->is_number() || !(field->get<double>() >= low) || !(field->get<double>() <= high))
    return fail(name, fmt::format("a number from {} to {}", low, high), *field);
  value = field->get<double>();
}

void JsonFields::integer(std::string_view name, std::int64_t& value, std::int64_t low, std::int64_t high) {
  const auto* field = find(name);
  if (!field) return;
  const double number = field->is_number() ? field->get<double>() : std::nan("");
  if (number != std::floor(number) || !(number >= static_cast<double>(low)) || !(number <= static_cast<double>(high)))
    return fail(name, fmt::format("an integer from {} to {}", low, high), *field);
  value = field->is_number_integer() ? field->get<std::int64_t>() : static_cast<std::int64_t>(number);
}

void JsonFields::integer(std::string_view name, int& value, int low, int high) {
  std::int64_t wide = value;
  integer(name, wide, low, high);
  value = static_cast<int>(wide);
}

void JsonFields::boolean(std::string_view name, bool& value) {
  const auto* field = find(name);
  if (!field) return;
  if (field->is_boolean()) {
    value = field->get<bool>();
  } else if (*field == 0 || *field == 1) {
    value = *field == 1;
  } else {
    fail(name, "true or false", *field);
  }
}

void JsonFields::text(std::string_view name, std::string& value) {
  const auto* field = find(name);
  if (!field) return;
  if (!field->is_string()) return fail(name, "a string", *field);
  value = field->get<std::string>();
}

void JsonFields::texts(std::string_view name, std::vector<std::string>& value) {
  const auto* field = find(name);
  if (!field) return;
  const bool good =
      field->is_array() && std::all_of(field->begin(), field->end(), [](auto& v) { return v.is_string(); });
  if (!good) return fail(name, "a list of strings", *field);
  value = field->get<std::vector<std::string>>();
}

void JsonFields::choice(std::string_view name, int& value, const std::vector<std::string>& words) {
  const auto* field = find(name);
  if (!field) return;
  const auto it = field->is_string() ? std::find(words.begin(), words.end(), field->get<std::string>()) : words.end();
  if (it == words.end()) return fail(name, fmt::format("one of {}", fmt::join(words, ", ")), *field);
  value = static_cast<int>(it - words.begin());
}

Status JsonFields::finish() {
  if (error_.empty() && object_.is_object())
    for (const auto& [name, value] : object_.items())
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        error_ = fmt::format("{}: no field is named \"{}\"; there are {}", where_, escape_line(name, 60),
                             fmt::join(known_, ", "));
        break;
      }
  if (error_.empty()) return {};
  return Error{error_};
}

}  // namespace pg::optim

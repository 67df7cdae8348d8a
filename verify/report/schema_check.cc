#include "verify/report/schema_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace pg::verify {
namespace {

using nlohmann::json;

bool has_type(const json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return false;
}

// The two patterns the schemas use.
bool matches(const std::string& pattern, const std::string& text) {
  const auto all = [](std::string_view s, std::string_view ranges) {
    return std::all_of(s.begin(), s.end(), [&](char c) { return ranges.find(c) != std::string_view::npos; });
  };
  if (pattern == "^[0-9a-f]{64}$") return text.size() == 64 && all(text, "0123456789abcdef");
  if (pattern == "^PG-[A-Z0-9-]+$")
    return text.size() > 3 && text.starts_with("PG-") && all(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
  return false;
}

class Checker {
 public:
  explicit Checker(const json& root) : root_(root) {}

  void check(const json& schema, const json& value, const std::string& at) {
    if (schema.contains("$ref")) {
      check(root_.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1))), value, at);
      return;
    }
    for (const auto& [keyword, argument] : schema.items()) apply(keyword, argument, schema, value, at);
  }

  std::vector<std::string> take() { return std::move(findings_); }

 private:
  void apply(const std::string& keyword, const json& argument, const json& schema, const json& value,
             const std::string& at) {
    static const std::set<std::string> kSilent = {"description", "title", "$schema", "$id", "$defs", "properties"};
    if (kSilent.contains(keyword)) return;
    if (keyword == "type") {
      const json types = argument.is_array() ? argument : json::array({argument});
      if (std::none_of(types.begin(), types.end(), [&](const json& t) { return has_type(value, t); }))
        fail(at, fmt::format("has type {}, not {}", value.type_name(), argument.dump()));
    } else if (keyword == "enum") {
      if (std::find(argument.begin(), argument.end(), value) == argument.end()) fail(at, "is not in the enumeration");
    } else if (keyword == "const") {
      if (value != argument) fail(at, "is not " + argument.dump());
    } else if (keyword == "minimum") {
      if (value.is_number() && value < argument) fail(at, "is below " + argument.dump());
    } else if (keyword == "pattern") {
      if (value.is_string() && !matches(argument, value)) fail(at, "does not match " + argument.dump());
    } else if (keyword == "required") {
      for (const json& name : argument)
        if (value.is_object() && !value.contains(name.get<std::string>())) fail(at, "lacks " + name.dump());
    } else if (keyword == "items") {
      if (value.is_array())
        for (std::size_t i = 0; i < value.size(); ++i) check(argument, value[i], at + "/" + std::to_string(i));
    } else if (keyword == "additionalProperties" && argument == false) {
      check_members(schema, value, at);
    } else {
      fail(at, "unknown keyword " + keyword);
    }
  }

  void check_members(const json& schema, const json& value, const std::string& at) {
    if (!value.is_object()) return;
    const json& properties = schema.at("properties");
    for (const auto& [name, member] : value.items()) {
      if (properties.contains(name))
        check(properties[name], member, at + "/" + name);
      else
        fail(at, "holds the undeclared key " + name);
    }
  }

  void fail(const std::string& at, const std::string& what) {
    findings_.push_back((at.empty() ? "/" : at) + " " + what);
  }

  const json& root_;
  std::vector<std::string> findings_;
};

void find_undescribed(const json& schema, const std::string& at, std::vector<std::string>& out) {
  if (schema.contains("$ref")) return;
  if (!schema.contains("description")) out.push_back(at);
  for (const char* group : {"properties", "$defs"})
    if (schema.contains(group))
      for (const auto& [name, member] : schema[group].items()) find_undescribed(member, at + "/" + name, out);
  if (schema.contains("items")) find_undescribed(schema["items"], at + "/items", out);
}

}  // namespace

std::vector<std::string> check_schema(const json& schema, const json& value) {
  Checker checker(schema);
  checker.check(schema, value, "");
  return checker.take();
}

std::vector<std::string> undescribed(const json& schema) {
  std::vector<std::string> out;
  find_undescribed(schema, "", out);
  return out;
}

}  // namespace pg::verify

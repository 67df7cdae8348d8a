#include "verify/policy/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "reference/base/file.h"
#include "reference/base/json_error.h"
#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "verify/policy/data_dir.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kSchema = "pgverify/policy/v1";
constexpr std::uint64_t kMaxPolicyBytes = 1 << 20;
constexpr SizeConvention kConventions[] = {SizeConvention::as_logged, SizeConvention::as_shipped,
                                           SizeConvention::as_packed, SizeConvention::reachable};
constexpr Severity kSeverities[] = {Severity::error, Severity::warning, Severity::info};

// Thrown and caught inside this file only: a policy has a dozen fields and each can be wrong.
struct Invalid : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class Enum, std::size_t N>
std::string choices(const Enum (&values)[N]) {
  std::string out;
  for (const Enum value : values) out += (out.empty() ? "" : ", ") + std::string(to_string(value));
  return out;
}

std::string read_string(const json& value, const std::string& key) {
  if (!value.is_string() || trim(value.get_ref<const std::string&>()).empty())
    throw Invalid(fmt::format("wrong type: \"{}\" has to be a string that is not blank", key));
  return value.get<std::string>();
}

std::int64_t read_count(const json& value, const std::string& key, std::int64_t min, std::int64_t max) {
  const bool in_range = value.is_number_integer() &&
                        !(value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(max)) &&
                        value.get<std::int64_t>() >= min && value.get<std::int64_t>() <= max;
  if (!in_range) throw Invalid(fmt::format("wrong value: \"{}\" has to be an integer from {} to {}", key, min, max));
  return value.get<std::int64_t>();
}

template <class Enum, std::size_t N>
Enum read_choice(const json& value, const std::string& key, const Enum (&values)[N]) {
  const std::string text = read_string(value, key);
  for (const Enum candidate : values)
    if (text == to_string(candidate)) return candidate;
  throw Invalid(
      fmt::format("unknown value: \"{}\" is \"{}\", has to be one of {}", key, escape_line(text), choices(values)));
}

bool is_rule_id(std::string_view id) {
  return id.starts_with("PG-") && id.size() > 3 && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
         });
}

std::map<std::string, Severity> read_severities(const json& value) {
  if (!value.is_object()) throw Invalid("wrong type: \"severity\" has to be an object of rule id to severity");
  std::map<std::string, Severity> out;
  for (const auto& [id, severity] : value.items()) {
    if (!is_rule_id(id))
      throw Invalid(
          fmt::format("unknown rule id: \"severity\" names \"{}\", which is no rule id (PG-...)", escape_line(id)));
    if (severity.is_string() && severity.get_ref<const std::string&>() == "off")
      throw Invalid(fmt::format("\"severity.{}\": nothing switches a rule off; the mildest severity is info", id));
    out[id] = read_choice(severity, "severity." + id, kSeverities);
  }
  return out;
}

std::vector<std::string> read_keys(const json& value) {
  if (!value.is_array()) throw Invalid("wrong type: \"required_keys\" has to be a list of strings");
  std::vector<std::string> out;
  for (const json& key : value) out.push_back(read_string(key, "required_keys[]"));
  return out;
}

void read_schema(const json& value) {
  if (read_string(value, "schema") != kSchema)
    throw Invalid(fmt::format("unknown value: \"schema\" has to be \"{}\"", kSchema));
}

struct Field {
  const char* key;
  bool required;
  void (*read)(const json& value, Policy& policy);
};

constexpr std::int64_t kMaxBytes = 1'000'000'000'000, kMaxMs = 1'000'000'000;

const Field kFields[] = {
    {"schema", true, [](const json& v, Policy&) { read_schema(v); }},
    {"name", true, [](const json& v, Policy& p) { p.name = read_string(v, "name"); }},
    {"title", true, [](const json& v, Policy& p) { p.title = read_string(v, "title"); }},
    {"source", true, [](const json& v, Policy& p) { p.source = read_string(v, "source"); }},
    {"limit_bytes", true, [](const json& v, Policy& p) { p.limit_bytes = read_count(v, "limit_bytes", 1, kMaxBytes); }},
    {"size_convention", true,
     [](const json& v, Policy& p) { p.size_convention = read_choice(v, "size_convention", kConventions); }},
    {"train_limit_ms", true,
     [](const json& v, Policy& p) { p.train_limit_ms = read_count(v, "train_limit_ms", 1, kMaxMs); }},
    {"eval_limit_ms", true,
     [](const json& v, Policy& p) { p.eval_limit_ms = read_count(v, "eval_limit_ms", 1, kMaxMs); }},
    {"last_step_tolerance_ms", true,
     [](const json& v, Policy& p) { p.last_step_tolerance_ms = read_count(v, "last_step_tolerance_ms", 0, 60'000); }},
    {"world_size", true,
     [](const json& v, Policy& p) { p.world_size = static_cast<int>(read_count(v, "world_size", 1, 1'000'000)); }},
    {"min_seeds", true,
     [](const json& v, Policy& p) { p.min_seeds = static_cast<int>(read_count(v, "min_seeds", 1, 1'000)); }},
    {"required_keys", true, [](const json& v, Policy& p) { p.required_keys = read_keys(v); }},
    {"severity", false, [](const json& v, Policy& p) { p.severity = read_severities(v); }},
    {"statistics", false, [](const json& v, Policy& p) { p.statistics = read_statistics(v); }},
};

json parse_strict(std::string_view text) {
  // nlohmann::json keeps the last of two equal keys without a word; in a rule set that would hide a mistake.
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      throw Invalid(fmt::format("duplicate key: \"{}\" stands twice", escape_line(parsed.get<std::string>())));
    return true;
  };
  json root = json::parse(text.begin(), text.end(), watch);
  if (!root.is_object()) throw Invalid("wrong type: a policy is a JSON object");
  return root;
}

Policy read_policy(std::string_view text) {
  const json root = parse_strict(text);
  Policy policy;
  std::string known;
  for (const Field& field : kFields) {
    known += (known.empty() ? "" : ", ") + std::string(field.key);
    if (root.contains(field.key))
      field.read(root.at(field.key), policy);
    else if (field.required)
      throw Invalid(fmt::format("missing key: \"{}\"", field.key));
  }
  for (const auto& [key, value] : root.items())
    if (std::none_of(std::begin(kFields), std::end(kFields), [&key = key](const Field& f) { return key == f.key; }))
      throw Invalid(fmt::format("unknown key: \"{}\"; a policy has the keys {}", escape_line(key), known));
  policy.digest = sha256_hex(text);
  return policy;
}

}  // namespace

const char* to_string(SizeConvention convention) {
  switch (convention) {
    case SizeConvention::as_logged:
      return "as_logged";
    case SizeConvention::as_shipped:
      return "as_shipped";
    case SizeConvention::as_packed:
      return "as_packed";
    case SizeConvention::reachable:
      return "reachable";
  }
  return "as_logged";
}

Result<Policy> parse_policy(std::string_view path, std::string_view text) {
  try {
    return read_policy(text);
  } catch (const std::exception& problem) {  // Invalid, or a syntax error with its line and column
    return Error{fmt::format("policy {}: {}", escape_line(path, 500), escape_line(json_problem(problem.what()), 1000))};
  }
}

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  const auto folder = data_dir(DataKind::policies);
  if (!folder) return names;
  std::error_code error;
  for (fs::directory_iterator it(*folder, error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == ".json") names.push_back(it->path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

Result<Policy> load_policy(const std::string& name_or_path) {
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".json")) {
    const auto text = read_file(name_or_path, kMaxPolicyBytes);
    if (!text) return text.error();
    return parse_policy(name_or_path, *text);
  }
  const auto folder = data_dir(DataKind::policies);
  if (!folder) return folder.error();
  const auto names = policy_names();
  if (std::find(names.begin(), names.end(), name_or_path) == names.end())
    return Error{fmt::format("unknown policy \"{}\": {} has {}; a file's path works as well", escape_line(name_or_path),
                             escape_line(folder->string(), 500), fmt::join(names, ", "))};
  const fs::path path = *folder / (name_or_path + ".json");
  const auto text = read_file(path, kMaxPolicyBytes);
  if (!text) return text.error();
  auto policy = parse_policy(path.string(), *text);
  if (policy && policy->name != name_or_path)
    return Error{fmt::format("policy {}: the file is called {} but its \"name\" is {}", path.string(), name_or_path,
                             escape_line(policy->name))};
  return policy;
}

}  // namespace pg::verify

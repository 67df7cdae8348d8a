#include "verify/sign/trust.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "reference/base/json_error.h"
#include "reference/base/text.h"
#include "verify/sign/base64.h"
#include "verify/sign/strict_json.h"

namespace pg::verify {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxKeys = 1000;

// Thrown and caught inside this file only.
struct Invalid : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An object with the members of `required` and perhaps those of `optional`, and nothing else.
void check_members(const json& object, const char* what, const std::set<std::string>& required,
                   const std::set<std::string>& optional) {
  if (!object.is_object()) throw Invalid(fmt::format("{} has to be an object", what));
  for (const std::string& key : required)
    if (!object.contains(key)) throw Invalid(fmt::format("{} lacks \"{}\"", what, key));
  for (const auto& [key, value] : object.items())
    if (!required.contains(key) && !optional.contains(key))
      throw Invalid(fmt::format("{} has the unknown key \"{}\"", what, key));
}

std::string text_of(const json& value, const char* what) {
  if (!value.is_string() || trim(value.get_ref<const std::string&>()).empty())
    throw Invalid(fmt::format("{} has to be a string that is not blank", what));
  return value.get<std::string>();
}

std::int64_t time_of(const json& value, const char* what) {
  const auto time = parse_time(text_of(value, what));
  if (!time) throw Invalid(fmt::format("{} has to be a time such as 2026-05-02T12:00:00Z", what));
  return *time;
}

PublicKey key_of(const json& value) {
  const std::string text = text_of(value, "\"key\"");
  auto key = text.find("-----BEGIN") != std::string::npos
                 ? PublicKey::from_pem(text, "\"key\"")
                 : PublicKey::from_raw_ed25519(base64_decode(text).value_or(""), "\"key\"");
  if (!key) throw Invalid(key.error().message);
  return *std::move(key);
}

std::vector<std::string> verifiers_of(const json& value) {
  if (!value.is_array() || value.empty()) throw Invalid("\"verifiers\" has to be a list that is not empty");
  std::vector<std::string> out;
  for (const json& id : value) out.push_back(text_of(id, "a verifier"));
  return out;
}

std::vector<std::string> policies_of(const json& value) {
  if (!value.is_array() || value.empty())
    throw Invalid("\"policies\" has to be a list that is not empty; leave it out to allow those of the installation");
  std::vector<std::string> out;
  for (const json& policy : value) {
    check_members(policy, "a policy", {"name", "sha256"}, {});
    text_of(policy.at("name"), "a policy's \"name\"");
    out.push_back(text_of(policy.at("sha256"), "a policy's \"sha256\""));
    if (out.back().size() != 64 || out.back().find_first_not_of("0123456789abcdef") != std::string::npos)
      throw Invalid("a policy's \"sha256\" has to be 64 lowercase hexadecimal digits");
  }
  return out;
}

TrustedKey read_key(const json& value) {
  check_members(value, "an entry of \"keys\"", {"name", "key", "verifiers"}, {"not_before", "not_after", "policies"});
  TrustedKey out;
  out.name = text_of(value.at("name"), "\"name\"");
  out.key = key_of(value.at("key"));
  out.verifiers = verifiers_of(value.at("verifiers"));
  if (value.contains("not_before")) out.not_before = time_of(value.at("not_before"), "\"not_before\"");
  if (value.contains("not_after")) out.not_after = time_of(value.at("not_after"), "\"not_after\"");
  if (out.not_before && out.not_after && *out.not_before > *out.not_after)
    throw Invalid(fmt::format("the key \"{}\" is never valid: not_after lies before not_before", out.name));
  if (value.contains("policies")) out.policies = policies_of(value.at("policies"));
  return out;
}

TrustStore read_trust(const json& root) {
  check_members(root, "a trust file", {"schema", "keys"}, {"threshold"});
  if (root.at("schema") != "pgverify/trust/v1") throw Invalid("\"schema\" has to be \"pgverify/trust/v1\"");
  const json& keys = root.at("keys");
  if (!keys.is_array() || keys.empty() || keys.size() > kMaxKeys)
    throw Invalid(fmt::format("\"keys\" has to be a list of 1 to {} entries", kMaxKeys));
  TrustStore out;
  std::set<std::string> seen;
  for (const json& value : keys) {
    out.keys.push_back(read_key(value));
    if (!seen.insert(out.keys.back().key.id()).second)
      throw Invalid(fmt::format("the key of \"{}\" is in the list twice", out.keys.back().name));
  }
  if (root.contains("threshold")) {
    const json& threshold = root.at("threshold");
    if (!threshold.is_number_unsigned() || threshold.get<std::uint64_t>() < 1 ||
        threshold.get<std::uint64_t>() > out.keys.size())
      throw Invalid(
          fmt::format("\"threshold\" has to be an integer from 1 to {}, the number of keys", out.keys.size()));
    out.threshold = threshold.get<int>();
  }
  return out;
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i)
    if (kForm[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != kForm[i]) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  std::tm time{};
  time.tm_year = number(0, 4) - 1900;
  time.tm_mon = number(5, 2) - 1;
  time.tm_mday = number(8, 2);
  time.tm_hour = number(11, 2);
  time.tm_min = number(14, 2);
  time.tm_sec = number(17, 2);
  const std::tm wanted = time;
  const std::time_t seconds = ::timegm(&time);
  // timegm carries over what does not exist ("02-30"): then the parts change.
  const bool exists = time.tm_mon == wanted.tm_mon && time.tm_mday == wanted.tm_mday &&
                      time.tm_hour == wanted.tm_hour && time.tm_min == wanted.tm_min && time.tm_sec == wanted.tm_sec;
  return exists ? std::optional<std::int64_t>(seconds) : std::nullopt;
}

Result<TrustStore> parse_trust(std::string_view text, std::string_view where) {
  const auto root = parse_strict_json(text, where);
  if (!root) return root.error();
  try {
    return read_trust(*root);
  } catch (const std::exception& problem) {
    return Error{fmt::format("trust file {}: {}", where, escape_line(json_problem(problem.what()), 500))};
  }
}

}  // namespace pg::verify

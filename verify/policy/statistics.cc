#include "verify/policy/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

using nlohmann::json;

constexpr StatTest kTests[] = {StatTest::welch, StatTest::one_sample, StatTest::fixed_sigma};
constexpr std::size_t kMaxReadings = 20;

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(what);
}

std::string text(const json& value, const std::string& key) {
  if (!value.is_string() || trim(value.get_ref<const std::string&>()).empty())
    refuse(fmt::format("wrong type: \"{}\" has to be a string that is not blank", key));
  return value.get<std::string>();
}

double number(const json& value, const std::string& key, double low, double high) {
  const double v = value.is_number() ? value.get<double>() : std::nan("");
  if (!(v >= low && v <= high))
    refuse(fmt::format("wrong value: \"{}\" has to be a number from {:g} to {:g}", key, low, high));
  return v;
}

double share(const json& value, const std::string& key) {
  return number(value, key, 1e-12, 1 - 1e-12);
}

stats::Unit unit(const json& value, const std::string& key) {
  const std::string name = text(value, key);
  if (const auto parsed = stats::parse_unit(name)) return *parsed;
  refuse(fmt::format("unknown value: \"{}\" is \"{}\", has to be one of bpb, nats/token, nats/byte", key,
                     escape_line(name)));
}

StatTest test(const json& value, const std::string& key) {
  const std::string name = text(value, key);
  for (const StatTest candidate : kTests)
    if (name == to_string(candidate)) return candidate;
  refuse(fmt::format("unknown value: \"{}\" is \"{}\", has to be one of welch, one_sample, fixed_sigma", key,
                     escape_line(name)));
}

// Reads exactly the members named; each reader gets the value and its full key.
struct Member {
  const char* name;
  std::function<void(const json&, const std::string&)> read;
};
void read_members(const json& value, const std::string& key, const std::vector<Member>& members) {
  if (!value.is_object()) refuse(fmt::format("wrong type: \"{}\" has to be an object", key));
  for (const Member& member : members) {
    if (!value.contains(member.name)) refuse(fmt::format("missing key: \"{}.{}\"", key, member.name));
    member.read(value.at(member.name), fmt::format("{}.{}", key, member.name));
  }
  for (const auto& [name, unused] : value.items())
    if (std::none_of(members.begin(), members.end(), [&](const Member& m) { return name == m.name; }))
      refuse(fmt::format("unknown key: \"{}.{}\"", key, escape_line(name)));
}

StatisticsReading reading(const json& value, const std::string& key) {
  StatisticsReading r;
  read_members(value, key,
               {{"name", [&](const json& v, const std::string& k) { r.name = text(v, k); }},
                {"title", [&](const json& v, const std::string& k) { r.title = text(v, k); }},
                {"test", [&](const json& v, const std::string& k) { r.test = test(v, k); }},
                {"margin", [&](const json& v, const std::string& k) { r.margin = number(v, k, 0, 100); }},
                {"unit", [&](const json& v, const std::string& k) { r.unit = unit(v, k); }},
                {"alpha", [&](const json& v, const std::string& k) { r.alpha = share(v, k); }}});
  return r;
}

std::vector<StatisticsReading> readings(const json& value, const std::string& key) {
  if (!value.is_array() || value.empty() || value.size() > kMaxReadings)
    refuse(fmt::format("wrong type: \"{}\" has to be a list of 1 to {} readings", key, kMaxReadings));
  std::vector<StatisticsReading> out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    out.push_back(reading(value[i], fmt::format("{}[{}]", key, i)));
    for (std::size_t k = 0; k < i; ++k)
      if (out[k].name == out[i].name)
        refuse(fmt::format("wrong value: two readings of \"{}\" are called \"{}\"", key, escape_line(out[i].name)));
  }
  return out;
}

}  // namespace

const char* to_string(StatTest test) {
  switch (test) {
    case StatTest::welch:
      return "welch";
    case StatTest::one_sample:
      return "one_sample";
    case StatTest::fixed_sigma:
      return "fixed_sigma";
  }
  return "welch";
}

StatisticsPolicy read_statistics(const json& value) {
  StatisticsPolicy p;
  std::string decides;
  read_members(value, "statistics",
               {{"decides", [&](const json& v, const std::string& k) { decides = text(v, k); }},
                {"readings", [&](const json& v, const std::string& k) { p.readings = readings(v, k); }},
                {"sigma_bpb", [&](const json& v, const std::string& k) { p.sigma_bpb = number(v, k, 1e-12, 100); }},
                {"power", [&](const json& v, const std::string& k) { p.power = share(v, k); }},
                {"chain_alpha", [&](const json& v, const std::string& k) { p.chain_alpha = share(v, k); }},
                {"equivalence", [&](const json& v, const std::string& k) {
                   read_members(
                       v, k,
                       {{"margin",
                         [&](const json& m, const std::string& n) { p.equivalence.margin = number(m, n, 1e-12, 100); }},
                        {"unit", [&](const json& m, const std::string& n) { p.equivalence.unit = unit(m, n); }},
                        {"alpha", [&](const json& m, const std::string& n) { p.equivalence.alpha = share(m, n); }}});
                 }}});
  const auto it =
      std::find_if(p.readings.begin(), p.readings.end(), [&](const StatisticsReading& r) { return r.name == decides; });
  if (it == p.readings.end())
    refuse(fmt::format("unknown value: \"statistics.decides\" is \"{}\", which is the name of no reading",
                       escape_line(decides)));
  p.decides = static_cast<std::size_t>(it - p.readings.begin());
  return p;
}

}  // namespace pg::verify

#include "verify/sign/strict_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "reference/base/json_error.h"
#include "reference/base/text.h"

namespace pg::verify {

using nlohmann::json;

Result<json> parse_strict_json(std::string_view text, std::string_view what) {
  // Thrown by the callback and caught below: the parser has no other way to be stopped.
  const auto refuse = [](const std::string& why) -> bool { throw std::runtime_error(why); };
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxStrictJsonDepth) return refuse(fmt::format("nested deeper than {} levels", kMaxStrictJsonDepth));
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      return refuse(fmt::format("the key \"{}\" stands twice in one object", parsed.get<std::string>()));
    return true;
  };
  try {
    if (text.starts_with("\xEF\xBB\xBF")) refuse("it begins with a byte order mark");
    return json::parse(text.begin(), text.end(), watch);
  } catch (const std::exception& problem) {
    return Error{fmt::format("{}: {}", what, escape_line(json_problem(problem.what()), 300))};
  }
}

}  // namespace pg::verify

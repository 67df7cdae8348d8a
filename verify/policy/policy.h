#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "verify/policy/statistics.h"
#include "verify/report/result.h"

namespace pg::verify {

// How code bytes are counted toward the limit.
enum class SizeConvention { as_logged, as_shipped, as_packed, reachable };
const char* to_string(SizeConvention convention);

// An editioned rule set, read from verify/policy/<name>.json.
struct Policy {
  std::string name;  // "practice-2026-04"
  std::string title, source;
  std::string digest;  // SHA-256 of the file
  std::int64_t limit_bytes = 16'000'000;
  SizeConvention size_convention = SizeConvention::as_logged;  // the one that decides; the others are shown
  std::int64_t train_limit_ms = 600'000, eval_limit_ms = 600'000;
  std::int64_t last_step_tolerance_ms = 150;  // the cap is tested after each step
  int world_size = 8;
  int min_seeds = 3;
  std::vector<std::string> required_keys;  // of submission.json
  // Rule id -> severity of its failures; wins over the rule's own. "off" is not possible: nothing disables a rule.
  std::map<std::string, Severity> severity;
  // How a gain over another submission is shown; empty where the edition says nothing.
  std::optional<StatisticsPolicy> statistics;
};

inline constexpr std::string_view kDefaultPolicy = "practice-2026-04";

Result<Policy> parse_policy(std::string_view path, std::string_view json);
// By name from the data folder, or a path of a policy file.
Result<Policy> load_policy(const std::string& name_or_path);
std::vector<std::string> policy_names();

}  // namespace pg::verify

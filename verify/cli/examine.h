#pragma once

#include <filesystem>
#include <string>

#include "reference/base/result.h"
#include "verify/policy/policy.h"
#include "verify/report/report.h"

namespace pg::verify {

// Reads a folder and applies every rule. `shown` is the folder as the user named it. Never throws: what goes wrong is
// the report's `error`, with the verdict inconclusive.
Report examine(const std::filesystem::path& folder, const std::string& shown, const Policy& policy);

// Loads a policy and refuses one that names rules this program does not have.
Result<Policy> policy_for(const std::string& name_or_path);

}  // namespace pg::verify

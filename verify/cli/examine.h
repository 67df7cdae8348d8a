#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "verify/policy/policy.h"
#include "verify/report/report.h"

namespace pg::verify {

// Reads a folder and applies every rule. `shown` is the folder as the user named it. Never throws: what goes wrong is
// the report's `error`, with the verdict inconclusive.
// `baselines`: what the folder is compared with.
Report examine(const std::filesystem::path& folder, const std::string& shown, const Policy& policy,
               const std::vector<SeedSample>& baselines = {});

// A folder's seed sample, to compare others with. An Error where it is no readable folder or holds no score at all.
Result<SeedSample> load_sample(const std::filesystem::path& folder);

// The samples of several folders (--baseline), in their order; the first Error.
Result<std::vector<SeedSample>> load_baselines(const std::vector<std::string>& folders);

// Loads a policy and refuses one that names rules this program does not have.
Result<Policy> policy_for(const std::string& name_or_path);

}  // namespace pg::verify

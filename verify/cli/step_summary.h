#pragma once

#include <string>
#include <vector>

#include "reference/base/result.h"
#include "verify/report/digest.h"

namespace pg::verify {

// Appends a Markdown summary to the file that GitHub Actions names in $GITHUB_STEP_SUMMARY, keeping that file under the
// 1 MiB beyond which GitHub shows nothing at all. Nothing happens where the variable is not set.
Status append_step_summary(std::vector<Digest> digests, const std::string& docs_url);

// A folder as the repository sees it: its path below $GITHUB_WORKSPACE, else below the working directory; the absolute
// path where it lies outside.
std::string repository_path(const std::string& folder);

}  // namespace pg::verify

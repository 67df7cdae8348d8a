#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reference/base/result.h"

namespace pg::verify {

// Data files that the program reads at run time.
enum class DataKind {
  policies,  // policies/<name>.json
  rules,     // rules/<ID>.md, the pages `pgverify explain` shows
  schemas,   // schemas/*.schema.json
};

// The folders looked at for `kind`, in order: $PGVERIFY_DATA_DIR/<kind> alone where that variable is set (an explicit
// wish is never silently replaced by something else), else <folder of the program>/../share/pgverify/<kind>, else the
// source tree this program was built from, so that a build folder works without installation.
std::vector<std::filesystem::path> data_dir_candidates(DataKind kind);

// The first of them that is a folder; an Error that lists all that were tried and the way out.
Result<std::filesystem::path> data_dir(DataKind kind);

}  // namespace pg::verify

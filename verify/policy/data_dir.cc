#include "verify/policy/data_dir.h"

#include <fmt/format.h>

#include <cstdlib>
#include <system_error>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

struct Place {
  const char* name;    // below the data folder
  const char* source;  // below the source tree
};

Place place(DataKind kind) {
  switch (kind) {
    case DataKind::policies:
      return {"policies", "verify/policy"};
    case DataKind::rules:
      return {"rules", "docs/rules"};
    case DataKind::schemas:
      return {"schemas", "docs/formats"};
  }
  return {"policies", "verify/policy"};
}

}  // namespace

std::vector<fs::path> data_dir_candidates(DataKind kind) {
  const Place where = place(kind);
  if (const char* root = std::getenv("PGVERIFY_DATA_DIR"); root != nullptr && *root != '\0')
    return {fs::path(root) / where.name};
  std::vector<fs::path> candidates;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error)
    candidates.push_back((program.parent_path() / ".." / "share" / "pgverify" / where.name).lexically_normal());
  candidates.push_back(fs::path(PG_COMPILED_SOURCE_DIR) / where.source);
  return candidates;
}

Result<fs::path> data_dir(DataKind kind) {
  const auto candidates = data_dir_candidates(kind);
  std::string tried;
  for (const fs::path& candidate : candidates) {
    std::error_code error;
    if (fs::is_directory(candidate, error)) return candidate;
    tried += (tried.empty() ? "" : ", ") + escape_line(candidate.string(), 500);
  }
  return Error{
      fmt::format("the program's {} folder was not found; tried {}. Set PGVERIFY_DATA_DIR to the folder that holds "
                  "policies/, rules/ and schemas/ (share/pgverify of the installation)",
                  place(kind).name, tried)};
}

}  // namespace pg::verify

#include "verify/cli/step_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "reference/base/text.h"
#include "verify/report/markdown.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Status append_step_summary(std::vector<Digest> digests, const std::string& docs_url) {
  const std::string path = variable("GITHUB_STEP_SUMMARY");
  if (path.empty()) return {};
  std::error_code error;
  const std::uintmax_t there = fs::file_size(path, error);  // what the step has written so far
  const std::size_t used = error ? 0 : static_cast<std::size_t>(std::min<std::uintmax_t>(there, kStepSummaryBytes));
  const std::size_t room = kStepSummaryBytes - used;
  if (room < 2048) return Error{fmt::format("{} is full: GitHub shows at most 1 MiB per step", escape_line(path, 500))};
  std::ofstream out(path, std::ios::app | std::ios::binary);
  out << markdown(std::move(digests), {.max_bytes = room - 1, .docs_url = docs_url});
  out.flush();
  return out ? Status()
             : Error{fmt::format("cannot write the job summary to {} ($GITHUB_STEP_SUMMARY)", escape_line(path, 500))};
}

std::string repository_path(const std::string& folder) {
  std::error_code error;
  fs::path root = variable("GITHUB_WORKSPACE");
  if (root.empty() || !fs::is_directory(root, error)) root = fs::current_path(error);
  const fs::path real = fs::canonical(folder, error);
  if (error) return folder;
  const fs::path below = real.lexically_relative(fs::canonical(root, error));
  if (error || below.empty() || *below.begin() == "..") return real.string();
  return below.generic_string();
}

}  // namespace pg::verify

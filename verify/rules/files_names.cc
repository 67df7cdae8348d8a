#include "verify/rules/files_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-FILES-NAMES";
constexpr std::size_t kMaxNamed = 5;

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kMaxNamed); ++i)
    out += (i == 0 ? "" : ", ") + escape_line(names[i]);
  if (names.size() > kMaxNamed) out += fmt::format(" and {} more", names.size() - kMaxNamed);
  return out;
}

std::vector<RuleResult> check(const Submission& submission, const Policy&) {
  std::vector<RuleResult> results;
  const std::string& metadata = submission.metadata.path;
  if (!metadata.empty() && metadata != "submission.json")
    results.push_back(failed(kId, {Severity::warning,
                                   fmt::format("the metadata file is named {}", escape_line(metadata)),
                                   escape_line(metadata),
                                   "submission.json",
                                   {{metadata, 0, "", 0}},
                                   "rename it: the contest's tools read submission.json"}));
  std::vector<std::string> scripts;
  for (const FileEntry& file : submission.folder.files)
    if (file.path.size() > 3 && file.path.substr(file.path.size() - 3) == ".py") scripts.push_back(file.path);
  // No script at all is PG-FILES-REQUIRED's.
  if (!scripts.empty() && submission.folder.find("train_gpt.py") == nullptr)
    results.push_back(failed(kId, {Severity::warning,
                                   fmt::format("no train_gpt.py; the code is {}", joined(scripts)),
                                   joined(scripts),
                                   "train_gpt.py",
                                   {{scripts.front(), 0, "", 0}},
                                   "name the script train_gpt.py: counted code should live there"}));
  if (!submission.folder.problems.empty())
    results.push_back(failed(kId, {Severity::warning,
                                   fmt::format("{} of the folder's entries were not read: {}",
                                               submission.folder.problems.size(), joined(submission.folder.problems)),
                                   joined(submission.folder.problems),
                                   "regular files only",
                                   {},
                                   "ship regular files: links and devices are not part of an artifact"}));
  if (results.empty()) results.push_back(passed(kId, "the usual names"));
  return results;
}

}  // namespace

const Rule kRuleFilesNames{kId, "file names and kinds",
                           "whether files have the names that the contest's README gives them",
                           "that the content under an unusual name is wrong", check};

}  // namespace pg::verify

#include "verify/rules/files_required.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-FILES-REQUIRED";
constexpr std::string_view kRequired = "README.md, submission.json, a train log and a script that runs in the folder";

bool is_script(const FileEntry& file) {
  return file.path.size() > 3 && file.path.substr(file.path.size() - 3) == ".py";
}

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

RuleResult missing(Severity severity, std::string message, std::string help, std::vector<Evidence> evidence = {}) {
  if (evidence.empty()) evidence.push_back({"(folder listing)", 0, "", 0});
  return failed(kId, {severity, message, message, std::string(kRequired), std::move(evidence), std::move(help)});
}

void check_metadata(const Submission& submission, std::vector<RuleResult>& results) {
  if (!submission.metadata.path.empty()) return;
  std::string elsewhere;
  for (const FileEntry& file : submission.folder.files)
    if (elsewhere.empty() && file_name(file.path) == "submission.json") elsewhere = file.path;
  std::string message = "submission.json is missing";
  if (!elsewhere.empty()) message += fmt::format(" at the top of the folder ({} is not read)", escape_line(elsewhere));
  results.push_back(missing(Severity::error, std::move(message),
                            "add submission.json with name, author, github_id and val_bpb at the top of the folder"));
}

// A file that calls itself a log and holds enough to be one.
bool looks_like_log(const Submission& submission, const std::string& path) {
  const FileEntry* file = submission.folder.find(path);
  const std::string name = to_lower(file_name(path));
  const bool named = name.ends_with(".log") || name.find("train") != std::string::npos ||
                     name.find("seed") != std::string::npos || name.find("log") != std::string::npos;
  return named && file != nullptr && file->bytes >= 1024;
}

void check_log(const Submission& submission, std::vector<RuleResult>& results) {
  if (!submission.logs.empty()) return;
  std::vector<Evidence> evidence, unread;
  for (const std::string& path : submission.not_logs) {
    std::vector<Evidence>& list = looks_like_log(submission, path) ? unread : evidence;
    if (list.size() < 3) list.push_back({path, 0, "holds no step, stop or metric line in a known form", 0});
  }
  if (!unread.empty()) {
    auto result = inconclusive(
        kId, Severity::error,
        fmt::format("no train log that can be read: {} holds no steps, stop line or final metric in a known form",
                    escape_line(unread.front().file)),
        "ship the log as the script wrote it");
    result.required = kRequired;
    result.evidence = std::move(unread);
    results.push_back(std::move(result));
    return;
  }
  results.push_back(missing(Severity::error, "no train log: no file holds steps, a stop line or a final metric",
                            "add the log that the script wrote for each run behind the claim", std::move(evidence)));
}

// A script of zero bytes is what a failed copy leaves; empty helpers such as __init__.py are usual.
void check_script(const Submission& submission, std::vector<RuleResult>& results) {
  bool any = false, any_with_content = false, empty_reported = false;
  for (const FileEntry& file : submission.folder.files) {
    if (!is_script(file)) continue;
    any = true;
    any_with_content |= file.bytes > 0;
    if (file.bytes > 0 || file_name(file.path).substr(0, 5) != "train") continue;
    empty_reported = true;
    results.push_back(missing(Severity::error, fmt::format("{} holds 0 bytes", escape_line(file.path)),
                              "ship the script that was run", {{file.path, 0, "0 bytes", 0}}));
  }
  if (!any)
    results.push_back(missing(Severity::error, "no script: the folder holds no Python file",
                              "add train_gpt.py as it was run; it must run inside the folder"));
  else if (!any_with_content && !empty_reported)
    results.push_back(
        missing(Severity::error, "no script: every Python file holds 0 bytes", "ship the script that was run"));
}

std::vector<RuleResult> check(const Submission& submission, const Policy&) {
  if (submission.folder.truncated)
    return {inconclusive(kId, Severity::error, "the folder holds more than 10,000 entries: not all of them were listed",
                         "ship the files of the submission only")};
  std::vector<RuleResult> results;
  check_metadata(submission, results);
  check_log(submission, results);
  check_script(submission, results);
  if (submission.readme.empty())
    results.push_back(missing(Severity::warning, "README.md is missing",
                              "add README.md: what is new, how it was run, the results of each seed"));
  if (results.empty())
    results.push_back(passed(kId,
                             fmt::format("{}, {}, {} run log{} and a script are there", escape_line(submission.readme),
                                         escape_line(submission.metadata.path), submission.logs.size(),
                                         submission.logs.size() == 1 ? "" : "s"),
                             std::string(kRequired)));
  return results;
}

}  // namespace

const Rule kRuleFilesRequired{
    kId, "required files",
    "whether the folder holds what a submission must hold: README.md, submission.json, a train "
    "log and a script with content",
    "that the script runs, that the log is this script's, or that the README is right", check};

}  // namespace pg::verify

#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "verify/rules/rule.h"
#include "verify/submission/submission.h"

// Submissions in memory for the tests of rules about files and metadata.
namespace pg::verify::testing_submission {

inline void add_file(Submission& s, std::string path, std::uint64_t bytes) {
  s.folder.files.push_back({std::move(path), bytes, ""});
  std::ranges::sort(s.folder.files, {}, &FileEntry::path);
}

inline void add_run(Submission& s, std::string path, std::int64_t seed, Role role = Role::claim) {
  LogFile log;
  log.path = path;
  log.runs.emplace_back();
  log.runs.back().seed = {seed, 1};
  log.runs.back().train_time_ms = {599'900, 2};
  log.runs.back().eval_time_ms = 400'000;
  log.runs.back().bytes_total = {15'900'000, 3};
  s.logs.push_back(std::move(log));
  SubmittedRun run;
  run.role = role;
  run.log = s.logs.size() - 1;
  run.seed = seed;
  s.runs.push_back(run);
  add_file(s, std::move(path), 1000);
}

inline constexpr std::string_view kCompleteJson =
    "{\"name\": \"N\", \"author\": \"A\", \"github_id\": \"a\",\n\"val_bpb\": 1.1}";

// Passes every rule about files and metadata.
inline Submission complete(std::string_view json = kCompleteJson) {
  Submission s;
  s.name = "2026-04-01_Example";
  s.track = "10min_16mb";
  s.track_from_path = true;
  s.readme = "README.md";
  s.readme_text = "# Example\n";
  add_file(s, "README.md", 10);
  add_file(s, "submission.json", json.size());
  add_file(s, "train_gpt.py", 50'000);
  s.metadata = parse_metadata("submission.json", json);
  add_run(s, "train_seed1.log", 1);
  add_run(s, "train_seed2.log", 2);
  add_run(s, "train_seed3.log", 3);
  return s;
}

inline void remove_file(Submission& s, std::string_view path) {
  std::erase_if(s.folder.files, [&](const FileEntry& file) { return file.path == path; });
}

inline std::vector<RuleResult> failures(const Rule& rule, const Submission& s, const Policy& policy = {}) {
  auto results = rule.check(s, policy);
  std::erase_if(results, [](const RuleResult& result) { return result.verdict != Verdict::fail; });
  return results;
}

inline Verdict only_verdict(const Rule& rule, const Submission& s, const Policy& policy = {}) {
  const auto results = rule.check(s, policy);
  return results.size() == 1 ? results[0].verdict : Verdict::inconclusive;
}

}  // namespace pg::verify::testing_submission

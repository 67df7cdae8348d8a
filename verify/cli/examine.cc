#include "verify/cli/examine.h"

#include <fmt/format.h>

#include <chrono>
#include <exception>

#include "reference/base/text.h"
#include "verify/cli/discover.h"
#include "verify/rules/rule.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

void fill(Report& report, const fs::path& folder, const Policy& policy, const std::vector<SeedSample>& baselines) {
  auto submission = load_submission(folder, is_checkout_with_script(folder) ? "records" : "");
  if (!submission) {
    report.error = submission.error().message;
    return;
  }
  report.submission = std::move(submission).value();
  report.submission.baselines = baselines;
  report.results = check_all(report.submission, policy);
  report.verdict = overall_verdict(report.results);
}

void fail(Report& report, std::string what) {
  report.error = fmt::format("a defect of pgverify, please report it: {}", what);
  report.verdict = Verdict::inconclusive;
  report.results.clear();
  report.submission = Submission();
}

}  // namespace

Report examine(const fs::path& folder, const std::string& shown, const Policy& policy,
               const std::vector<SeedSample>& baselines) {
  const auto start = std::chrono::steady_clock::now();
  Report report;
  report.policy = policy;
  report.run = run_info(shown);
  // The real path, so that "." and a link are called by the folder's name and its track is known.
  std::error_code error;
  fs::path real = fs::canonical(folder, error);
  if (error) real = folder;
  try {
    fill(report, real, policy, baselines);
  } catch (const std::exception& problem) {
    fail(report, problem.what());
  } catch (...) {
    fail(report, "unknown exception");
  }
  if (report.submission.name.empty()) report.submission.name = real.filename().string();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  report.run.duration_ms = took.count();
  return report;
}

Result<SeedSample> load_sample(const fs::path& folder) {
  const std::string shown = escape_line(folder.string(), 500);
  std::error_code error;
  if (!fs::is_directory(folder, error)) return Error{fmt::format("{}: no such folder", shown)};
  fs::path real = fs::canonical(folder, error);
  auto submission = load_submission(error ? folder : real);
  if (!submission) return submission.error();
  SeedSample sample = seed_sample(*submission);
  if (sample.scores.empty())
    return Error{
        fmt::format("{}: neither a log nor submission.json gives the score of a run: nothing to compare with", shown)};
  return sample;
}

Result<std::vector<SeedSample>> load_baselines(const std::vector<std::string>& folders) {
  std::vector<SeedSample> out;
  for (const std::string& folder : folders) {
    auto sample = load_sample(folder);
    if (!sample) return sample.error();
    out.push_back(*std::move(sample));
  }
  return out;
}

Result<Policy> policy_for(const std::string& name_or_path) {
  auto policy = load_policy(name_or_path);
  if (!policy) return policy;
  if (const Status known = check_policy(*policy, all_rules()); !known) return known.error();
  return policy;
}

}  // namespace pg::verify

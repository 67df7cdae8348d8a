#include "verify/cli/examine.h"

#include <fmt/format.h>

#include <chrono>
#include <exception>

#include "verify/cli/discover.h"
#include "verify/rules/rule.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

void fill(Report& report, const fs::path& folder, const Policy& policy) {
  auto submission = load_submission(folder, is_checkout_with_script(folder) ? "records" : "");
  if (!submission) {
    report.error = submission.error().message;
    return;
  }
  report.submission = std::move(submission).value();
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

Report examine(const fs::path& folder, const std::string& shown, const Policy& policy) {
  const auto start = std::chrono::steady_clock::now();
  Report report;
  report.policy = policy;
  report.run = run_info(shown);
  // The real path, so that "." and a link are called by the folder's name and its track is known.
  std::error_code error;
  fs::path real = fs::canonical(folder, error);
  if (error) real = folder;
  try {
    fill(report, real, policy);
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

Result<Policy> policy_for(const std::string& name_or_path) {
  auto policy = load_policy(name_or_path);
  if (!policy) return policy;
  if (const Status known = check_policy(*policy, all_rules()); !known) return known.error();
  return policy;
}

}  // namespace pg::verify

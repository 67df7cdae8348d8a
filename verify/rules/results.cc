#include "verify/rules/results.h"

#include <fmt/format.h>

#include <algorithm>

namespace pg::verify {

std::vector<const SubmittedRun*> claimed_runs(const Submission& submission) {
  std::vector<const SubmittedRun*> runs;
  for (const SubmittedRun& run : submission.runs)
    if (run.role == Role::claim) runs.push_back(&run);
  return runs;
}

Evidence log_evidence(const Submission& submission, const SubmittedRun& run, std::uint32_t line, std::string text) {
  return Evidence{submission.logs[run.log].path, line, std::move(text), 0};
}

Evidence metadata_evidence(const Submission& submission, std::uint32_t line, std::string text) {
  return Evidence{submission.metadata.path, line, std::move(text), 0};
}

std::string range_text(const std::vector<double>& seconds) {
  const auto [low, high] = std::minmax_element(seconds.begin(), seconds.end());
  return fmt::format("{:.1f}", *high) == fmt::format("{:.1f}", *low) ? fmt::format("{:.1f} s", *high)
                                                                     : fmt::format("{:.1f} to {:.1f} s", *low, *high);
}

std::string runs_name(const Submission& submission, const std::vector<const SubmittedRun*>& runs) {
  if (runs.size() == 1) return run_name(submission, *runs.front());
  return fmt::format("{} of {} claimed runs", runs.size(), claimed_runs(submission).size());
}

std::string seconds_text(std::int64_t milliseconds) {
  return fmt::format("{:.3f} s", static_cast<double>(milliseconds) / 1000);
}

std::string run_name(const Submission& submission, const SubmittedRun& run) {
  const std::string& path = submission.logs[run.log].path;
  if (run.seed_in_name || !run.seed) return path;
  return fmt::format("{} (seed {})", path, *run.seed);
}

}  // namespace pg::verify

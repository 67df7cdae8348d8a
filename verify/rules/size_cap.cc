#include "verify/rules/size_cap.h"

#include <fmt/format.h>

#include <cstdlib>

#include "reference/base/text.h"
#include "verify/rules/results.h"
#include "verify/submission/reach.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-SIZE-CAP";
constexpr std::string_view kHelp =
    "Shrink the model or the code (quantize harder, compress better, drop layers) and rerun; a claim may not exclude "
    "the code bytes.";

void describe(RuleResult& result, const SizeReading& size, const Policy& policy) {
  result.observed = fmt::format("{} bytes ({})", with_commas(size.bytes), size.parts);
  result.required =
      fmt::format("at most {} bytes, {}", with_commas(policy.limit_bytes), convention_name(policy.size_convention));
  result.margin = size_margin(size.bytes, policy.limit_bytes);
}

Evidence size_evidence(const Submission& s, const SubmittedRun& run, const SizeReading& size) {
  const SubmittedRun& sized = sized_run(s, run);
  const LogRun& log = s.last_run(sized);
  const auto& line = log.bytes_total ? log.bytes_total : log.bytes_model;
  return log_evidence(s, sized, line.line, fmt::format("{} bytes: {}", with_commas(size.bytes), size.parts));
}

RuleResult over_limit(const Submission& s, const SubmittedRun& run, const SizeReading& size, const Policy& policy) {
  const bool claimed = run.role == Role::claim;
  // The log counted the script before it was packed; the packed one in the folder would fit. Organizers counted what
  // the log prints (#1959).
  const LogRun& log = s.last_run(sized_run(s, run));
  const CodeFile* entry = entry_script(s);
  const auto shipped = size_under(s, run, SizeConvention::as_shipped);
  const bool counted_unpacked = policy.size_convention == SizeConvention::as_logged && entry != nullptr &&
                                !entry->packed.empty() && log.bytes_code &&
                                std::abs(*log.bytes_code - static_cast<std::int64_t>(entry->decoded_bytes)) <= 1 &&
                                shipped && shipped->bytes <= policy.limit_bytes;
  if (claimed && counted_unpacked) {
    auto result = inconclusive(kId, Severity::error,
                               fmt::format("{} is {} bytes over the limit as logged, but counts {} unpacked: with the "
                                           "packed script as shipped it takes {} bytes",
                                           run_name(s, run), with_commas(size.bytes - policy.limit_bytes), entry->path,
                                           with_commas(shipped->bytes)),
                               "Rerun the size count with the packed script in place, and ship that log.");
    describe(result, size, policy);
    result.evidence.push_back(size_evidence(s, run, size));
    return result;
  }
  auto result = failed(kId, claimed ? Severity::error : Severity::info,
                       fmt::format("{}{} is {} bytes over the limit of {}", run_name(s, run),
                                   claimed ? "" : fmt::format(" (not claimed: {})", role_name(run.role)),
                                   with_commas(size.bytes - policy.limit_bytes), with_commas(policy.limit_bytes)),
                       claimed ? std::string(kHelp) : std::string());
  describe(result, size, policy);
  result.evidence.push_back(size_evidence(s, run, size));
  return result;
}

// No log prints what the convention needs: the claim stands in, and says so.
RuleResult judge_claim(const Submission& s, const Policy& policy) {
  const SizeTable table = size_table(s);
  const auto& size = table.under(policy.size_convention);
  if (!size) {
    auto result =
        inconclusive(kId, Severity::error,
                     fmt::format("no size can be counted {}: no claimed log prints one and {} has no bytes_total",
                                 convention_name(policy.size_convention),
                                 s.metadata.path.empty() ? "submission.json" : s.metadata.path),
                     "Ship the logs that print the model and code sizes.");
    result.required = fmt::format("at most {} bytes", with_commas(policy.limit_bytes));
    return result;
  }
  const bool over = size->bytes > policy.limit_bytes;
  auto result =
      over ? failed(kId, Severity::error,
                    fmt::format("the claimed size is {} bytes over the limit of {}",
                                with_commas(size->bytes - policy.limit_bytes), with_commas(policy.limit_bytes)),
                    std::string(kHelp))
           : passed(kId, fmt::format("{} (claimed; no log of a claimed run prints it)",
                                     size_margin(size->bytes, policy.limit_bytes)));
  describe(result, *size, policy);
  result.evidence.push_back(metadata_evidence(s, s.metadata.bytes_total.line, s.metadata.bytes_total.key));
  return result;
}

}  // namespace

std::vector<RuleResult> check_size_cap(const Submission& s, const Policy& policy) {
  std::vector<RuleResult> results;
  std::optional<SizeReading> largest;
  const SubmittedRun* largest_run = nullptr;
  bool over = false;
  for (const SubmittedRun& run : s.runs) {
    if (run.role == Role::duplicate || run.role == Role::training_stage) continue;
    const auto size = size_under(s, run, policy.size_convention);
    if (!size) continue;
    if (size->bytes > policy.limit_bytes) {
      results.push_back(over_limit(s, run, *size, policy));
      over = over || run.role == Role::claim;
    }
    if (run.role == Role::claim && (!largest || size->bytes > largest->bytes)) largest = size, largest_run = &run;
  }
  if (!largest) {
    results.insert(results.begin(), judge_claim(s, policy));
  } else if (!over) {
    auto result = passed(kId, size_margin(largest->bytes, policy.limit_bytes));
    describe(result, *largest, policy);
    result.evidence.push_back(size_evidence(s, *largest_run, *largest));
    results.insert(results.begin(), std::move(result));
  }
  return results;
}

const Rule kRuleSizeCap{
    kId, "artifact size",
    "Every claimed run's code bytes + compressed model bytes are within the limit, counted as the policy says.",
    "The model bytes are the log's: without the artifact nobody can measure them again.", check_size_cap};

}  // namespace pg::verify

#include "verify/rules/meta_compliance.h"

#include <fmt/format.h>

#include <set>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-META-COMPLIANCE";

// The first of the spellings in use that the file sets to true.
const char* set_flag(const Metadata& m, std::initializer_list<const char*> spellings) {
  for (const char* const key : spellings)
    if (const auto at = m.compliance.find(key); at != m.compliance.end() && at->second) return key;
  return nullptr;
}

class Contradictions {
 public:
  Contradictions(const Submission& submission, const Policy& policy) : submission_(submission), policy_(policy) {}

  std::vector<RuleResult> run() {
    seeds();
    artifact();
    train_time();
    eval_time();
    return std::move(results_);
  }
  int decided() const { return decided_; }

 private:
  void contradiction(const char* flag, std::string observed, std::string required, std::vector<Evidence> evidence) {
    results_.push_back(failed(kId, {Severity::warning, fmt::format("compliance.{} is true, but {}", flag, observed),
                                    observed, std::move(required), std::move(evidence),
                                    fmt::format("correct the run or set compliance.{} to false", flag)}));
  }

  // Calls visit(log file, run) for the logs that back the claim.
  template <class Visit>
  void for_claims(Visit visit) const {
    for (const SubmittedRun& run : submission_.runs)
      if (run.role == Role::claim) visit(submission_.logs[run.log], submission_.last_run(run), run);
  }

  void seeds() {
    const char* const flag = set_flag(submission_.metadata, {"three_seeds"});
    if (flag == nullptr) return;
    std::set<std::int64_t> distinct;
    int runs = 0;
    std::vector<Evidence> evidence;
    for_claims([&](const LogFile& log, const LogRun& last, const SubmittedRun& run) {
      ++runs;
      // A run whose seed nobody prints counts as one of its own.
      distinct.insert(run.seed ? *run.seed : -runs);
      if (evidence.size() < 5) evidence.push_back({log.path, last.seed.line, "", 0});
    });
    if (runs == 0) return;  // no logs: PG-FILES-REQUIRED
    ++decided_;
    if (static_cast<int>(distinct.size()) >= policy_.min_seeds) return;
    contradiction(flag,
                  fmt::format("{} log{} of {} different seed{} back the claim", runs, runs == 1 ? "" : "s",
                              distinct.size(), distinct.size() == 1 ? "" : "s"),
                  fmt::format("{} seeds", policy_.min_seeds), std::move(evidence));
  }

  void artifact() {
    const char* const flag =
        set_flag(submission_.metadata, {"artifact_under_16mb", "artifact_under_16_mb", "artifact_under_16mb_decimal"});
    if (flag == nullptr) return;
    ++decided_;
    std::int64_t most = 0;
    std::vector<Evidence> evidence;
    const auto over = [&](std::int64_t bytes, std::string file, std::uint32_t line) {
      if (bytes <= policy_.limit_bytes) return;
      most = std::max(most, bytes);
      if (evidence.size() < 5) evidence.push_back({std::move(file), line, with_commas(bytes) + " bytes", 0});
    };
    for_claims([&](const LogFile& log, const LogRun& run, const SubmittedRun&) {
      if (run.bytes_total) over(*run.bytes_total, log.path, run.bytes_total.line);
    });
    const Metadata& m = submission_.metadata;
    if (m.bytes_total) over(*m.bytes_total, m.path, m.bytes_total.line);
    for (const SeedClaim& claim : m.per_seed)
      if (claim.bytes_total) over(*claim.bytes_total, m.path, claim.bytes_total.line);
    if (most > 0)
      contradiction(flag, fmt::format("a total of {} bytes is given", with_commas(most)),
                    fmt::format("at most {} bytes", with_commas(policy_.limit_bytes)), std::move(evidence));
  }

  void train_time() {
    const char* const strict = set_flag(submission_.metadata, {"train_under_600s_strict"});
    const char* const flag = set_flag(submission_.metadata, {"train_under_600s", "training_under_600s"});
    if (strict == nullptr && flag == nullptr) return;
    ++decided_;
    // The cap is tested after each step, so that the last step's overshoot is practice and no contradiction.
    const std::int64_t limit = policy_.train_limit_ms + (strict != nullptr ? 0 : policy_.last_step_tolerance_ms);
    time(strict != nullptr ? strict : flag, "training", limit, [](const LogRun& run) { return run.train_time_ms; });
  }

  void eval_time() {
    const char* const flag = set_flag(submission_.metadata, {"eval_under_600s"});
    if (flag == nullptr) return;
    ++decided_;
    time(flag, "the evaluation", policy_.eval_limit_ms, [](const LogRun& run) {
      return Logged<std::int64_t>{run.eval_time_ms, run.metric_line};
    });
  }

  template <class Get>
  void time(const char* flag, const char* what, std::int64_t limit_ms, Get get) {
    std::int64_t most = 0;
    std::vector<Evidence> evidence;
    for_claims([&](const LogFile& log, const LogRun& run, const SubmittedRun&) {
      const Logged<std::int64_t> ms = get(run);
      if (!ms || *ms <= limit_ms) return;
      most = std::max(most, *ms);
      if (evidence.size() < 5) evidence.push_back({log.path, ms.line, with_commas(*ms) + " ms", 0});
    });
    if (most > 0)
      contradiction(flag, fmt::format("{} took {} ms by the log", what, with_commas(most)),
                    fmt::format("at most {} ms", with_commas(limit_ms)), std::move(evidence));
  }

  const Submission& submission_;
  const Policy& policy_;
  int decided_ = 0;
  std::vector<RuleResult> results_;
};

std::vector<RuleResult> check(const Submission& submission, const Policy& policy) {
  if (submission.metadata.compliance.empty()) return {not_applicable(kId, "the metadata holds no compliance flags")};
  Contradictions contradictions(submission, policy);
  auto results = contradictions.run();
  if (!results.empty()) return results;
  if (contradictions.decided() == 0)
    return {
        not_applicable(kId, fmt::format("none of the {} compliance flags is about something that the folder's numbers "
                                        "could contradict",
                                        submission.metadata.compliance.size()))};
  return {passed(kId, fmt::format("{} of {} compliance flags can be held against the folder's numbers; none is "
                                  "contradicted",
                                  contradictions.decided(), submission.metadata.compliance.size()))};
}

}  // namespace

const Rule kRuleMetaCompliance{kId, "compliance flags",
                               "whether the folder's own numbers contradict a flag of its compliance dict",
                               "that a flag which nothing contradicts is true: a flag is a claim, not evidence", check};

}  // namespace pg::verify

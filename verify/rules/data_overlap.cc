#include "verify/rules/data_overlap.h"

#include <fmt/format.h>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-DATA-OVERLAP";
// The canonical data has 80 to 143 training shards, by vocabulary. A local build of all documents behind the first
// 10,000 has 1,488 and more, and its training shards begin inside the official validation set of 50,000 documents.
constexpr std::int64_t kLocalBuildShards = 1000;
// Validation tokens of 10,000 documents in the smallest vocabulary; more than that comes from the full set.
constexpr std::int64_t kTokensOfTenThousandDocuments = 13'000'000;

const Logged<std::string>* shards(const LogRun& run) {
  const auto marker = run.markers.find("train_shards");
  if (marker != run.markers.end()) return &marker->second;
  const auto parameter = run.hyperparameters.find("train_shards");
  return parameter == run.hyperparameters.end() ? nullptr : &parameter->second;
}

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  RuleResult r =
      failed(kId, Severity::error,
             "training shards of a local build beside the full validation set: documents of the validation "
             "set are among the training data",
             "Train on the canonical shards, or build both splits with the same number of validation documents.");
  r.required = "at most 143 training shards, or a validation set of the same build";
  bool logged = false;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = training_of(s, *run);
    const Logged<std::string>* count = shards(log);
    if (count == nullptr || !*count) continue;
    logged = true;
    std::int64_t n = 0;
    for (const char c : **count) n = c >= '0' && c <= '9' && n < 1'000'000 ? n * 10 + (c - '0') : n;
    if (n < kLocalBuildShards || !log.val_tokens || *log.val_tokens < kTokensOfTenThousandDocuments) continue;
    r.observed = fmt::format("{} training shards, {} validation tokens", n, *log.val_tokens);
    r.evidence.push_back(log_evidence(s, training_run(s, *run), count->line, fmt::format("train_shards: {}", n)));
  }
  if (!r.evidence.empty()) return {std::move(r)};
  if (!logged) return {not_applicable(kId, "no log counts the training shards")};
  return {passed(kId, "the number of training shards is that of the canonical data", "at most 143 training shards")};
}

}  // namespace

const Rule kRuleDataOverlap{kId, "training shards",
                            "The training shards are not a local build that reaches into the official validation set.",
                            "Data under a canonical number of shards is not looked into.", check};

}  // namespace pg::verify

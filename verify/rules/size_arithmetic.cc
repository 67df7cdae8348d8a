#include "verify/rules/size_arithmetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "reference/base/text.h"
#include "verify/rules/results.h"
#include "verify/submission/reach.h"
#include "verify/submission/roles.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-SIZE-ARITHMETIC";

const LogRun& sized_log(const Submission& s, const SubmittedRun& run) {
  return s.last_run(sized_run(s, run));
}

// The total in a log is its model + counted code.
void check_sums(const Submission& s, std::vector<RuleResult>& results) {
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = sized_log(s, *run);
    if (!log.bytes_total || !log.bytes_model || !log.bytes_code) continue;
    const std::int64_t sum = add_bytes(*log.bytes_model, *log.bytes_code);
    if (sum == *log.bytes_total || total_is_superseded(log)) continue;
    auto result = failed(kId, Severity::warning,
                         fmt::format("{} prints a total of {} where model and code add up to {}", run_name(s, *run),
                                     with_commas(*log.bytes_total), with_commas(sum)),
                         "Print the total as the sum of the model file's and the code's bytes.");
    result.observed = with_commas(*log.bytes_total);
    result.required =
        fmt::format("{} + {} = {}", with_commas(*log.bytes_model), with_commas(*log.bytes_code), with_commas(sum));
    result.evidence.push_back(
        log_evidence(s, sized_run(s, *run), log.bytes_total.line, "total " + with_commas(*log.bytes_total)));
    results.push_back(std::move(result));
  }
}

// Whether the claim is the value at the claim's own rounding: zeros at the end say how far it is rounded, up or down.
bool rounds_to(std::int64_t claim, double value) {
  std::int64_t unit = 1;
  while (claim != 0 && unit < 1'000'000 && claim % (unit * 10) == 0) unit *= 10;
  return std::abs(static_cast<double>(claim) - value) < static_cast<double>(std::max<std::int64_t>(unit, 1)) - 1e-6 ||
         std::abs(static_cast<double>(claim) - value) <= 0.5;
}

struct Totals {
  std::vector<std::int64_t> totals, models;
  double mean = 0;
  std::int64_t max = 0;
};

Totals logged_totals(const Submission& s) {
  Totals t;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = sized_log(s, *run);
    if (const auto total = size_under(s, *run, SizeConvention::as_logged)) t.totals.push_back(total->bytes);
    if (const auto model = model_bytes(log)) t.models.push_back(*model);
  }
  for (const std::int64_t total : t.totals) {
    t.mean += static_cast<double>(total) / static_cast<double>(t.totals.size());
    t.max = std::max(t.max, total);
  }
  return t;
}

RuleResult model_only(const Submission& s, const Policy& policy, std::uint32_t line, const std::string& key,
                      const std::string& observed, std::int64_t claimed, std::int64_t total) {
  const bool hides = total > policy.limit_bytes && claimed <= policy.limit_bytes;
  auto result = failed(kId, hides ? Severity::error : Severity::warning,
                       fmt::format("the claimed artifact excludes the code: {} is model bytes alone{}", observed,
                                   hides ? "; with the code it is over the limit" : ""),
                       "Claim the total: code bytes + compressed model bytes.");
  result.observed = observed;
  result.required = fmt::format("{} as logged, code included", with_commas(total));
  result.margin = size_margin(total, policy.limit_bytes);
  result.evidence.push_back(metadata_evidence(s, line, key));
  return result;
}

// bytes_total of the metadata is some claimed run's total, their maximum or mean, or one of these rounded.
void check_claimed_total(const Submission& s, const Policy& policy, const Totals& logged,
                         std::vector<RuleResult>& results) {
  const auto& claim = s.metadata.bytes_total;
  if (!claim || logged.totals.empty()) return;
  if (rounds_to(*claim, logged.mean)) return;
  for (const std::int64_t total : logged.totals)
    if (rounds_to(*claim, static_cast<double>(total))) return;
  // Runs beside the claim count too: a total may come from a seed that is shipped but not claimed.
  for (const SubmittedRun& run : s.runs)
    if (const auto& total = s.last_run(run).bytes_total; total && *total == *claim) return;
  if (std::find(logged.models.begin(), logged.models.end(), *claim) != logged.models.end()) {
    results.push_back(model_only(s, policy, claim.line, claim.key, with_commas(*claim), *claim, logged.max));
    return;
  }
  std::string source;
  if (const CodeFile* entry = entry_script(s)) {
    for (const std::int64_t model : logged.models)
      if (add_bytes(model, static_cast<std::int64_t>(entry->bytes)) == *claim)
        source = ": it is the logged model + " + entry->path + " as shipped";
  }
  const auto [low, high] = std::minmax_element(logged.totals.begin(), logged.totals.end());
  auto result = failed(kId, Severity::warning,
                       fmt::format("the claimed size {} is in no log of a claimed run{}", with_commas(*claim), source),
                       "Copy the total from the log of the claimed run (the largest, where there are several).");
  result.observed = with_commas(*claim);
  result.required = *low == *high ? with_commas(*low) : fmt::format("{} to {}", with_commas(*low), with_commas(*high));
  result.evidence.push_back(metadata_evidence(s, claim.line, claim.key));
  results.push_back(std::move(result));
}

// Per seed: sizes without the code, and one size copied to all seeds. Other differences are PG-CLAIM-PER-SEED's.
void check_per_seed(const Submission& s, const Policy& policy, std::vector<RuleResult>& results) {
  std::vector<std::string> excluded;
  std::int64_t largest_claim = 0, largest_total = 0;
  std::uint32_t line = 0;
  std::set<std::int64_t> claimed, logged;
  int compared = 0;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const SeedClaim* claim = seed_claim(s.metadata, run->seed);
    const LogRun& log = sized_log(s, *run);
    if (claim == nullptr || !claim->bytes_total || !log.bytes_total) continue;
    ++compared;
    claimed.insert(*claim->bytes_total);
    logged.insert(*log.bytes_total);
    if (line == 0) line = claim->bytes_total.line;
    const auto model = model_bytes(log);
    if (!model || *claim->bytes_total != *model || *model == *log.bytes_total) continue;
    excluded.push_back(with_commas(*model));
    largest_claim = std::max(largest_claim, *model);
    largest_total = std::max(largest_total, *log.bytes_total);
  }
  if (!excluded.empty()) {
    std::string observed;
    for (const std::string& bytes : excluded) observed += (observed.empty() ? "" : " / ") + bytes;
    results.push_back(model_only(s, policy, line, "sizes per seed", observed, largest_claim, largest_total));
  }
  if (compared >= 2 && claimed.size() == 1 && logged.size() > 1) {
    auto result = failed(kId, Severity::warning,
                         fmt::format("the same size {} is claimed for all {} seeds, the logs have {} different ones",
                                     with_commas(*claimed.begin()), compared, logged.size()),
                         "Copy each seed's total from its own log.");
    result.observed = with_commas(*claimed.begin());
    result.required = fmt::format("{} to {}", with_commas(*logged.begin()), with_commas(*logged.rbegin()));
    result.evidence.push_back(metadata_evidence(s, line, "sizes per seed"));
    results.push_back(std::move(result));
  }
}

}  // namespace

std::vector<RuleResult> check_size_arithmetic(const Submission& s, const Policy& policy) {
  const Totals logged = logged_totals(s);
  if (logged.totals.empty())
    return {not_applicable(kId, "skipped: no log of a claimed run prints a total (PG-SIZE-CAP)")};
  std::vector<RuleResult> results;
  check_sums(s, results);
  check_per_seed(s, policy, results);
  const bool excluded = std::any_of(results.begin(), results.end(), [](const RuleResult& r) {
    return r.message.starts_with("the claimed artifact excludes the code");
  });
  if (!excluded) check_claimed_total(s, policy, logged, results);
  return or_passed(std::move(results), passed(kId, "totals are model + counted code, and claimed sizes are the logs'"));
}

const Rule kRuleSizeArithmetic{
    kId, "sums of sizes",
    "Logged totals are model + counted code, and the claimed sizes are totals of the claimed runs.",
    "It compares numbers that the submission states; the limit is PG-SIZE-CAP's.", check_size_arithmetic};

}  // namespace pg::verify

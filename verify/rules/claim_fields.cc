#include "verify/rules/claim_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CLAIM-FIELDS";

using Reader = std::function<std::optional<double>(const LogRun&)>;

std::optional<double> as_double(const Logged<std::int64_t>& field) {
  return field ? std::optional(static_cast<double>(*field)) : std::nullopt;
}

// Compares a number claimed for the whole submission with the claimed runs: it may be any run's value or their mean.
void compare(const Submission& s, std::string_view what, double claim, double tolerance, std::uint32_t line,
             const std::string& key, const Reader& read, std::vector<RuleResult>& results) {
  std::vector<double> values;
  for (const SubmittedRun* run : claimed_runs(s))
    if (const auto v = read(s.last_run(*run))) values.push_back(*v);
  if (values.empty()) return;
  double sum = 0;
  for (const double v : values) sum += v;
  const double mean = sum / static_cast<double>(values.size());
  const auto agrees = [&](double v) { return std::abs(claim - v) <= tolerance; };
  if (std::any_of(values.begin(), values.end(), agrees) || agrees(mean)) return;
  auto r = failed(kId, Severity::warning,
                  fmt::format("{} is claimed as {}, the logs say {}", what, fmt::format("{:.10g}", claim),
                              values.size() == 1
                                  ? fmt::format("{:.10g}", values[0])
                                  : fmt::format("{:.10g} to {:.10g}", *std::min_element(values.begin(), values.end()),
                                                *std::max_element(values.begin(), values.end()))),
                  "Copy the value from the log of the claimed run.");
  r.observed = fmt::format("{:.10g}", claim);
  r.required = fmt::format("{:.10g}", values.size() == 1 ? values[0] : mean);
  r.evidence.push_back(metadata_evidence(s, line, key));
  results.push_back(std::move(r));
}

}  // namespace

std::vector<RuleResult> check_claim_fields(const Submission& s, const Policy&) {
  if (claimed_runs(s).empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  const Metadata& m = s.metadata;
  std::vector<RuleResult> results;
  // val_loss that repeats val_bpb is a synonym (PG-META-FIELDS), not a loss.
  if (m.val_loss && m.val_loss.key != m.val_bpb.key)
    compare(
        s, "val_loss", m.val_loss->value, m.val_loss->half_unit() * 1.000001, m.val_loss.line, m.val_loss.key,
        [](const LogRun& run) { return run.val_loss ? std::optional(run.val_loss->value) : std::nullopt; }, results);
  if (m.bytes_code)
    compare(
        s, "code size", static_cast<double>(*m.bytes_code), 0.5, m.bytes_code.line, m.bytes_code.key,
        [](const LogRun& run) { return as_double(run.bytes_code); }, results);
  if (m.bytes_model)
    compare(
        s, "model size", static_cast<double>(*m.bytes_model), 0.5, m.bytes_model.line, m.bytes_model.key,
        [](const LogRun& run) { return as_double(run.bytes_model); }, results);
  if (m.steps)
    compare(
        s, "number of steps", static_cast<double>(*m.steps), 0.5, m.steps.line, m.steps.key,
        [](const LogRun& run) { return as_double(run.steps); }, results);
  // Times are claimed in whole seconds as often as in milliseconds.
  if (m.train_time_ms)
    compare(
        s, "training time in ms", *m.train_time_ms, 1000, m.train_time_ms.line, m.train_time_ms.key,
        [](const LogRun& run) { return as_double(run.train_time_ms); }, results);
  if (m.eval_time_ms)
    compare(
        s, "evaluation time in ms", *m.eval_time_ms, 1000, m.eval_time_ms.line, m.eval_time_ms.key,
        [](const LogRun& run) {
          return run.eval_time_ms ? std::optional(static_cast<double>(*run.eval_time_ms)) : std::nullopt;
        },
        results);
  return or_passed(std::move(results),
                   passed(kId, "loss, sizes, steps and times claimed for the submission are those of its logs"));
}

const Rule kRuleClaimFields{
    kId, "claimed loss, sizes, steps and times",
    "Each figure claimed for the submission as a whole is one claimed run's value or the runs' mean.",
    "Keys that the reader does not know are not compared (PG-META-FIELDS lists them).", check_claim_fields};

}  // namespace pg::verify

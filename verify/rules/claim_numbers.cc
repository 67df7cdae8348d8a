#include "verify/rules/claim_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pg::verify {

std::optional<double> nats_per_bpb(const Submission& s) {
  std::vector<double> ratios;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = s.last_run(*run);
    if (log.val_loss && log.val_bpb && log.val_bpb->value > 0.05 && log.val_loss->decimals() >= 4)
      ratios.push_back(log.val_loss->value / log.val_bpb->value);
  }
  if (!ratios.empty()) {
    std::ranges::sort(ratios);
    return ratios[ratios.size() / 2];
  }
  const Metadata& m = s.metadata;
  if (m.val_loss && m.val_bpb && m.val_loss.key != m.val_bpb.key && m.val_bpb->value > 0.05 &&
      m.val_loss->decimals() >= 4 && m.val_bpb->decimals() >= 4)
    return m.val_loss->value / m.val_bpb->value;
  return std::nullopt;
}

Spread spread(const std::vector<double>& values) {
  Spread out;
  if (values.empty()) return out;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) out.mean += v / n;
  double squares = 0;
  for (const double v : values) squares += (v - out.mean) * (v - out.mean);
  out.population = std::sqrt(squares / n);
  if (values.size() > 1) out.sample = std::sqrt(squares / (n - 1));
  return out;
}

double slack(const Decimal& result, double inputs) {
  return (2 * result.half_unit() + inputs) * (1 + 1e-9) + 1e-12;
}

std::optional<Severity> wrong_deviation(const Decimal& stated, const Spread& of, double inputs) {
  const double off = std::min(std::abs(stated.value - of.sample), std::abs(stated.value - of.population));
  if (off <= slack(stated, inputs)) return std::nullopt;
  return off < 0.02 * of.sample ? Severity::info : Severity::warning;
}

Evidence readme_evidence(const Submission& s, std::uint32_t line, const std::string& raw) {
  return Evidence{s.readme, line, raw, 0};
}
Evidence readme_evidence(const Submission& s, const Clause& clause) {
  return readme_evidence(s, clause.line, clause.raw);
}

std::string printed_like(const Decimal& like, double value) {
  return fmt::format("{:.{}f}", value, std::clamp(like.decimals(), 0, 10));
}

std::optional<RuleResult> without_readme(std::string_view id, const Submission& s) {
  if (!s.readme.empty()) return std::nullopt;
  return not_applicable(id, "skipped: no README (PG-FILES-REQUIRED)");
}

}  // namespace pg::verify

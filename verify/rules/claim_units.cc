#include "verify/rules/claim_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "reference/base/text.h"
#include "verify/rules/claim_numbers.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CLAIM-UNITS";
constexpr std::size_t kMaxFindings = 20;
constexpr double kBarNats = 0.005;     // the challenge's README
constexpr double kLargestDelta = 0.3;  // anything larger is a level

// val_loss / val_bpb of the tokenizers in use (read off the merged logs).
struct KnownFactor {
  double value;
  std::string_view name, label;
};
constexpr KnownFactor kFactors[] = {{1.688458, "sp1024", "sp1024"},
                                    {2.301027, "sp4096", "sp4096"},
                                    {2.583104, "sp8192", "sp8192"},
                                    {2.188371, "sp8192 with CaseOps", "caseops"}};
constexpr double kSameFactor = 0.01;  // relative
// Evaluations of one tokenizer differ by 5e-5 in their factor (windows leave out other targets), so a difference of two
// losses near 2 by this much from the difference of two scores.
constexpr double kFactorSpread = 1e-4;
// The first validation export, of the baseline of 2026-03-17, has another factor for sp1024.
constexpr double kFirstExport = 1.692876;

const KnownFactor* known(double factor) {
  const auto found = std::ranges::find_if(
      kFactors, [&](const KnownFactor& k) { return std::abs(factor / k.value - 1) < kSameFactor; });
  return found == std::end(kFactors) ? nullptr : found;
}

// "0.0028 bpb" and "0.0073 nats" side by side, saying the same.
bool is_pair(std::string_view text, const Figure& a, const Figure& b) {
  std::string between(
      text.substr(a.unit_end, b.begin - std::min<std::size_t>(b.begin - a.unit_end, b.sign != 0 ? 1 : 0) - a.unit_end));
  for (const std::string_view part : {"/token", "per token", "val_loss"})
    if (const std::size_t at = between.find(part); at != std::string::npos) between.erase(at, part.size());
  const std::string_view mark = trim(between);
  return mark == "/" || mark == "=" || mark == "~=" || mark == "(" || mark == "(~=" || mark == "(=" || mark == "or";
}

class Checker {
 public:
  Checker(const Submission& s, double factor) : s_(s), factor_(factor) {}
  int checked = 0;
  std::vector<RuleResult> results;

  void clause(const Clause& clause) {
    const auto& f = clause.figures;
    for (std::size_t i = 0; i + 1 < f.size(); ++i) {
      if (f[i].unit == Unit::bpb && f[i + 1].unit == Unit::nats) pair(clause, f[i], f[i + 1], f[i], f[i + 1]);
      if (f[i].unit == Unit::nats && f[i + 1].unit == Unit::bpb) pair(clause, f[i + 1], f[i], f[i], f[i + 1]);
    }
    label(clause);
    bar(clause);
  }

 private:
  // The conversion a pair has to follow: this run's, or that of the tokenizer that the clause names.
  double expected_factor(const Clause& clause) const {
    for (const KnownFactor& k : kFactors)
      if (clause.text.find(k.label) != std::string::npos && known(factor_) != &k) return k.value;
    return factor_;
  }

  void pair(const Clause& clause, const Figure& bpb, const Figure& nats, const Figure& first, const Figure& second) {
    if (bpb.approximate || nats.approximate || bpb.number.value <= 0 || !is_pair(clause.text, first, second)) return;
    if (bpb.number.decimals() < 3 || nats.number.decimals() < 3) return;
    const bool delta = bpb.number.value < kLargestDelta && nats.number.value < kLargestDelta;
    // Another submission's level has its own tokenizer's factor.
    if (!delta && !is_own(bpb.number)) return;
    const double factor = says(clause, {"per byte", "/byte"}) ? std::numbers::ln2 : expected_factor(clause);
    ++checked;
    // A difference of two rounded scores, its own rounding included, converted.
    const double allowed = slack(nats.number, 3 * bpb.number.half_unit() * factor + (delta ? kFactorSpread : 0));
    const double right = bpb.number.value * factor, stated = nats.number.value;
    if (std::abs(right - stated) <= allowed || (delta && from_first_export(clause, bpb.number.value, stated, allowed)))
      return;
    if (delta && !says(clause, {"per token", "/token"}) &&
        std::abs(bpb.number.value * std::numbers::ln2 - stated) <= allowed) {
      report(fmt::format("{} are nats per byte (ln 2 x {} bpb); per token it is {}: say which", nats.number.text,
                         bpb.number.text, printed_like(nats.number, right)),
             nats.number.text, fmt::format("{:.6g} nats per token", right), clause,
             "Name the unit: nats per token or nats per byte.", Severity::info);
      return;
    }
    const double used = stated / bpb.number.value;
    const KnownFactor* const other = known(used);
    const bool visible =
        other != nullptr && other != known(factor) && bpb.number.half_unit() / bpb.number.value < kSameFactor;
    report(fmt::format("{} bpb are {} nats per token at {:.4f} nats per bpb ({}), not {}{}", bpb.number.text,
                       printed_like(nats.number, right), factor,
                       factor == factor_ ? "this run's val_loss / val_bpb" : "of the tokenizer named", nats.number.text,
                       visible ? fmt::format("; that takes {:.4f}, the factor of {}", used, other->name) : ""),
           nats.number.text, fmt::format("{:.6g}", right), clause,
           "Convert with the run's own val_loss / val_bpb; nats per token of two tokenizers cannot be compared.");
  }

  static bool says(const Clause& clause, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words,
                               [&](std::string_view word) { return clause.text.find(word) != std::string::npos; });
  }

  // The losses' difference to the first baseline: its score, this one's plus the gain, took the other factor.
  bool from_first_export(const Clause& clause, double gain, double stated, double allowed) const {
    if (known(factor_) != &kFactors[0] || !s_.metadata.val_bpb || !says(clause, {"baseline", "1.2244", "1.2243"}))
      return false;
    return std::abs((s_.metadata.val_bpb->value + gain) * kFirstExport - s_.metadata.val_bpb->value * factor_ -
                    stated) <= allowed;
  }

  // "2.583 (mean bytes per token)": nats per bpb are ln 2 x bytes per token.
  void label(const Clause& clause) {
    if (clause.in_table) return;
    for (const Figure& f : clause.figures) {
      if (f.number.decimals() < 2 || std::abs(f.number.value - factor_) > f.number.half_unit() * 1.000001) continue;
      const std::string_view text = clause.text;
      const std::string_view behind = text.substr(f.unit_end, 40);
      const std::size_t at = std::min(behind.find("bytes per token"), behind.find("bytes/token"));
      if (at == std::string_view::npos || behind.substr(0, at).find_first_of(",;0123456789") != std::string_view::npos)
        continue;
      ++checked;
      report(
          fmt::format("{} is val_loss / val_bpb, that is ln 2 x bytes per token; the mean bytes per token are {:.4f}",
                      f.number.text, factor_ / std::numbers::ln2),
          f.number.text, fmt::format("{:.4f}", factor_ / std::numbers::ln2), clause, "Call it nats per bpb.");
      return;
    }
  }

  // A gain in bpb held against the bar of 0.005 nats as it is.
  void bar(const Clause& clause) {
    if (clause.in_table) return;
    const std::string_view text = clause.text;
    const Figure* gain = nullptr;
    int gains = 0, others = 0;
    bool named = false;
    for (const Figure& f : clause.figures) {
      const bool is_bar =
          std::abs(f.number.value - kBarNats) < 1e-9 && text.substr(f.end, 8).find("nat") != std::string_view::npos;
      named = named || is_bar;
      if (is_bar) continue;
      if (f.unit == Unit::nats) ++others;
      const bool signed_bpb = f.unit == Unit::bpb || (f.unit == Unit::none && f.sign != 0);
      if (signed_bpb && f.number.decimals() >= 4 && f.number.value < kLargestDelta && !f.approximate)
        gain = &f, ++gains;
    }
    if (!named || gains != 1 || others != 0 || says(clause, {"std", "noise", "~=", " = "})) return;
    ++checked;
    const double nats = gain->number.value * factor_;
    const bool reaches = nats >= kBarNats;
    const bool says_not = says(
        clause, {"fails", "falls short", "below the", "does not clear", "doesn't clear", "misses", "does not reach"});
    if (gain->number.value < kBarNats && reaches && says_not)
      report(fmt::format("{} is in bpb: {:.5f} nats per token, which reaches the bar of 0.005 nats", gain->number.text,
                         nats),
             gain->number.text, fmt::format("{:.6g} nats", nats), clause, "Compare nats with nats.");
  }

  bool is_own(const Decimal& bpb) const {
    return (s_.metadata.val_bpb && agree_as_printed(bpb, *s_.metadata.val_bpb)) ||
           (s_.recomputed.mean_bpb && agrees_at_rounding(bpb, *s_.recomputed.mean_bpb));
  }

  void report(std::string message, std::string observed, std::string required, const Clause& clause, std::string help,
              Severity severity = Severity::warning) {
    if (results.size() >= kMaxFindings) return;
    results.push_back(failed(kId, Failure{severity,
                                          std::move(message),
                                          std::move(observed),
                                          std::move(required),
                                          {readme_evidence(s_, clause)},
                                          std::move(help)}));
  }

  const Submission& s_;
  double factor_;
};

}  // namespace

std::vector<RuleResult> check_claim_units(const Submission& s, const Policy&) {
  if (auto none = without_readme(kId, s)) return {*std::move(none)};
  const auto factor = nats_per_bpb(s);
  if (!factor)
    return {not_applicable(
        kId, "neither logs nor submission.json give both val_loss and val_bpb: no factor to convert with")};
  Checker checker(s, *factor);
  const auto read = readme_figures_remembered(s.readme_text);
  for (const Clause& clause : read->clauses) checker.clause(clause);
  if (checker.checked == 0) return {not_applicable(kId, "the README puts no bits per byte beside nats")};
  return or_passed(std::move(checker.results),
                   passed(kId, fmt::format("{} conversions between bpb and nats agree with this run's factor {:.4f}",
                                           checker.checked, *factor)));
}

const Rule kRuleClaimUnits{
    kId, "bits per byte and nats in the README",
    "Where a README gives a score or a difference in bpb and in nats, both agree by the run's own val_loss / val_bpb.",
    "Whether a difference in nats between runs with different tokenizers means anything is not decided here.",
    check_claim_units};

}  // namespace pg::verify

#include "verify/rules/claim_readme.h"

#include <fmt/format.h>

#include <algorithm>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CLAIM-README";

// Whether the README's number is the claim or something the claimed runs printed.
bool is_ours(const Submission& s, const Decimal& score) {
  // Both sides may be rounded: the shorter one decides.
  const auto agree = [&](const Decimal& other) {
    return agrees_at_rounding(score, other.value) || agrees_at_rounding(other, score.value);
  };
  if (s.metadata.val_bpb && agree(*s.metadata.val_bpb)) return true;
  if (s.recomputed.mean_bpb && agrees_at_rounding(score, *s.recomputed.mean_bpb)) return true;
  for (const SubmittedRun& run : s.runs) {
    const LogRun& log = s.last_run(run);
    if (log.val_bpb && agree(*log.val_bpb)) return true;
  }
  return false;
}

// Whether the claim stands in the text as claimed or rounded to four decimals or more: prose that the score reader does
// not take for a score.
bool stands_in(std::string_view text, const Decimal& claim) {
  for (int decimals = 4; decimals <= 8; ++decimals)
    if (decimals <= claim.decimals() &&
        text.find(fmt::format("{:.{}f}", claim.value, decimals)) != std::string_view::npos)
      return true;
  return claim.decimals() >= 4 && text.find(claim.text) != std::string_view::npos;
}

}  // namespace

std::vector<RuleResult> check_claim_readme(const Submission& s, const Policy&) {
  if (s.readme.empty()) return {not_applicable(kId, "skipped: no README (PG-FILES-REQUIRED)")};
  if (s.readme_scores.empty())
    return {not_applicable(kId, "the README states no score that can be read with certainty")};
  if (!s.metadata.val_bpb && !s.recomputed.mean_bpb)
    return {not_applicable(kId, "nothing to compare the README's score with")};
  const ReadmeHeadline& headline = s.readme_scores.front();
  if (is_ours(s, headline.val_bpb))
    return {passed(kId, fmt::format("the README's headline {} is the claim's", headline.val_bpb.text))};
  if (s.metadata.val_bpb && stands_in(s.readme_text, *s.metadata.val_bpb))
    return {passed(
        kId, fmt::format("the README states the claimed {}, though not as its first score", s.metadata.val_bpb->text))};
  const bool anywhere = std::any_of(s.readme_scores.begin(), s.readme_scores.end(),
                                    [&](const ReadmeHeadline& h) { return is_ours(s, h.val_bpb); });
  if (anywhere)
    return {passed(kId, fmt::format("the README states the claimed score, though not first (its first is {})",
                                    headline.val_bpb.text))};
  auto r = failed(kId, Severity::warning,
                  fmt::format("the README's headline {} and every other score in it differ from the claim and from all "
                              "logs: the README seems to describe another run",
                              headline.val_bpb.text),
                  "Describe the submitted run in the README.");
  r.observed = headline.val_bpb.text;
  r.required = s.metadata.val_bpb ? s.metadata.val_bpb->text : fmt::format("{:.8f}", *s.recomputed.mean_bpb);
  r.evidence.push_back(Evidence{s.readme, headline.line, headline.text, 0});
  if (s.metadata.val_bpb) r.evidence.push_back(metadata_evidence(s, s.metadata.val_bpb.line, s.metadata.val_bpb->text));
  return {std::move(r)};
}

const Rule kRuleClaimReadme{kId, "README's headline score", "The README states the score that is claimed and logged.",
                            "Other numbers and statements of the README are not checked.", check_claim_readme};

}  // namespace pg::verify

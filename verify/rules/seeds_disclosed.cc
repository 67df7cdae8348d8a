#include "verify/rules/seeds_disclosed.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "verify/rules/results.h"
#include "verify/submission/roles.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-SEEDS-DISCLOSED";

}  // namespace

std::vector<RuleResult> check_seeds_disclosed(const Submission& s, const Policy&) {
  if (s.metadata.disclosed.empty()) return {not_applicable(kId, "no runs disclosed beside the claimed ones")};
  std::set<std::int64_t> left_out;
  double sum = 0, best_left_out = 0, worst_claimed = 0;
  int n = 0;
  for (const SeedClaim& run : s.metadata.disclosed) {
    if (!run.val_bpb) continue;
    sum += run.val_bpb->value;
    ++n;
    if (seed_claim(s.metadata, run.seed) != nullptr) continue;
    best_left_out = left_out.empty() ? run.val_bpb->value : std::min(best_left_out, run.val_bpb->value);
    left_out.insert(run.seed);
  }
  for (const SeedClaim& run : s.metadata.per_seed)
    if (run.val_bpb) worst_claimed = std::max(worst_claimed, run.val_bpb->value);
  if (left_out.empty()) return {passed(kId, "every disclosed run is among the claimed seeds")};
  // The mean over everything that was run needs the claimed seeds where the disclosure lists only the others.
  for (const SeedClaim& run : s.metadata.per_seed) {
    const bool listed = std::any_of(s.metadata.disclosed.begin(), s.metadata.disclosed.end(),
                                    [&](const SeedClaim& d) { return d.seed == run.seed; });
    if (!listed && run.val_bpb) {
      sum += run.val_bpb->value;
      ++n;
    }
  }
  const bool selected = worst_claimed > 0 && best_left_out >= worst_claimed;
  auto r = failed(kId, Severity::warning,
                  fmt::format("seeds {} were run and disclosed, but not claimed{}; the mean over all {} runs is {:.5f}",
                              fmt::join(left_out, ", "),
                              selected ? ", and each is worse than every claimed one: the best runs were selected" : "",
                              n, sum / n),
                  "Claim the mean over every run of the configuration.");
  r.observed = s.metadata.val_bpb ? s.metadata.val_bpb->text : "";
  r.required = fmt::format("{:.5f} over all {} runs", sum / n, n);
  r.evidence.push_back(metadata_evidence(s, s.metadata.disclosed.front().line, s.metadata.disclosed_key));
  return {std::move(r)};
}

const Rule kRuleSeedsDisclosed{
    kId, "runs disclosed and not claimed",
    "Runs that submission.json lists beside the claimed seeds, and what the mean over all is.",
    "Runs that are not disclosed cannot be seen.", check_seeds_disclosed};

}  // namespace pg::verify

#include "verify/rules/claim_selected.h"

#include <fmt/format.h>

#include "reference/base/text.h"
#include "verify/rules/claim_numbers.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CLAIM-SELECTED";

bool is_count(const Figure& f) {
  return f.number.decimals() == 0 && f.sign == 0 && f.unit == Unit::none && f.number.value >= 1 &&
         f.number.value <= 100;
}

// "best 5 of 7 seeds", "top 3 of 10 runs", "the 5 lowest of 7": both counts.
std::optional<std::pair<int, int>> selection_in(const Clause& clause) {
  const std::string_view text = clause.text;
  for (std::size_t i = 0; i + 1 < clause.figures.size(); ++i) {
    const Figure &few = clause.figures[i], &all = clause.figures[i + 1];
    if (!is_count(few) || !is_count(all) || few.number.value >= all.number.value || few.number.value < 2) continue;
    const std::string_view before = trim(text.substr(0, few.begin));
    std::string_view between = trim(text.substr(few.unit_end, all.begin - few.unit_end));
    const std::string_view behind = text.substr(all.unit_end, 12);
    const bool best = before.ends_with("best") || before.ends_with("top") || before.ends_with("lowest");
    for (const std::string_view word : {"lowest", "best"})
      if (between.starts_with(word)) between = trim(between.substr(word.size()));
    const bool lowest = between != trim(text.substr(few.unit_end, all.begin - few.unit_end));
    const bool of = between == "of" || between == "out of" || between == "of the" || between == "seeds of" ||
                    between == "seeds out of";
    const bool runs = behind.find("seed") != std::string_view::npos || behind.find("run") != std::string_view::npos;
    if ((best || lowest) && of && runs)
      return std::pair(static_cast<int>(few.number.value), static_cast<int>(all.number.value));
  }
  return std::nullopt;
}

// "mean of the 5 lowest" beside "all 7 seeds".
std::optional<std::pair<int, int>> two_means_in(const std::vector<const Clause*>& line) {
  int few = 0, all = 0;
  for (const Clause* clause : line) {
    const std::string_view text = clause->text;
    for (const Figure& f : clause->figures) {
      if (!is_count(f)) continue;
      const std::string_view before = trim(text.substr(0, f.begin)), behind = trim(text.substr(f.unit_end));
      if (before.ends_with("mean of the") && (behind.starts_with("lowest") || behind.starts_with("best")))
        few = static_cast<int>(f.number.value);
      if (before.ends_with("over all") && (behind.starts_with("seeds") || behind.starts_with("runs")))
        all = static_cast<int>(f.number.value);
    }
  }
  return few >= 2 && few < all ? std::optional(std::pair(few, all)) : std::nullopt;
}

}  // namespace

std::vector<RuleResult> check_claim_selected(const Submission& s, const Policy&) {
  if (auto none = without_readme(kId, s)) return {*std::move(none)};
  const auto read = readme_figures_remembered(s.readme_text);
  for (std::size_t i = 0; i < read->clauses.size(); ++i) {
    std::vector<const Clause*> line;
    for (std::size_t k = i;
         k < read->clauses.size() && read->clauses[k].line == read->clauses[i].line && line.size() < 20; ++k)
      line.push_back(&read->clauses[k]);
    auto found = selection_in(read->clauses[i]);
    if (!found) found = two_means_in(line);
    if (!found) continue;
    auto r = failed(
        kId, Severity::warning,
        fmt::format("the README claims the best {} of {} runs: a mean over selected runs is lower than the method's",
                    found->first, found->second),
        "Claim the mean over every run of the configuration.");
    r.observed = fmt::format("{} of {}", found->first, found->second);
    r.required = fmt::format("all {}", found->second);
    r.evidence = {readme_evidence(s, read->clauses[i])};
    return {std::move(r)};
  }
  return {not_applicable(kId, "the README does not speak of selected runs")};
}

const Rule kRuleClaimSelected{kId, "selected runs in the README",
                              "Whether a README says that the claimed mean is over the best of more runs.",
                              "Runs that nobody mentions cannot be seen.", check_claim_selected};

}  // namespace pg::verify

#include "verify/rules/claim_gain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "reference/base/text.h"
#include "verify/rules/claim_numbers.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CLAIM-GAIN";
constexpr std::size_t kMaxFindings = 20;
constexpr double kBarNats = 0.005, kLargestGain = 0.3;

bool says_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

class Checker {
 public:
  Checker(const Submission& s, std::optional<double> factor) : s_(s), factor_(factor) {
    if (s.metadata.val_bpb) own_.push_back(*s.metadata.val_bpb);
    if (s.recomputed.mean_bpb) own_.push_back({*s.recomputed.mean_bpb, ""});
    for (const SubmittedRun* run : claimed_runs(s)) {
      const LogRun& log = s.last_run(*run);
      if (log.val_bpb) own_.push_back(*log.val_bpb);
      if (log.val_loss) losses_.push_back(log.val_loss->value);
    }
  }
  int checked = 0;
  std::vector<RuleResult> results;

  void clause(const Clause& clause) {
    if (clause.in_table) return;
    over_baseline(clause);
    times_the_bar(clause);
    per_seed(clause);
  }

 private:
  // A score of this README from which the gain follows: another run or another evaluation of the same folder.
  bool follows_from_another(double level, const Figure& gain, double allowed) const {
    return std::ranges::any_of(s_.readme_scores, [&](const ReadmeHeadline& h) {
      return std::abs(std::abs(level - h.val_bpb.value) - gain.number.value) <= allowed + h.val_bpb.half_unit();
    });
  }

  bool is_own(const Decimal& score) const {
    return std::ranges::any_of(own_, [&](const Decimal& own) { return agrees_at_rounding(score, own.value); });
  }

  static bool is_bar(std::string_view text, const Figure& f) {
    return std::abs(f.number.value - kBarNats) < 1e-9 &&
           (f.unit == Unit::nats || text.substr(f.end, 12).find("nat") != std::string_view::npos ||
            text.substr(f.end, 12).find("bar") != std::string_view::npos);
  }

  // "beats #1394 (1.08563) by 0.00284 bpb"
  void over_baseline(const Clause& clause) {
    const std::string_view text = clause.text;
    if (own_.empty() ||
        !says_any(text, {"beats", "improvement over", "improves on", "improves over", "better than", "clears"}))
      return;
    if (!says_any(text, {"#", "sota", "leaderboard", "baseline", "record"})) return;
    const Figure *gain = nullptr, *level = nullptr;
    int gains = 0, levels = 0;
    for (const Figure& f : clause.figures) {
      if (f.number.decimals() < 3 || f.number.decimals() > 10) continue;
      const bool after_by = trim(text.substr(0, f.begin)).ends_with(" by");
      if (f.unit == Unit::bpb && f.number.value < kLargestGain && (f.sign != 0 || after_by) && !f.approximate)
        gain = &f, ++gains;
      const bool score =
          f.sign == 0 && f.number.value > 0.5 && f.number.value < 3 && (f.unit == Unit::none || f.unit == Unit::bpb);
      if (score && !is_own(f.number)) level = &f, ++levels;
    }
    if (gains != 1 || levels != 1) return;
    ++checked;
    for (const Decimal& own : own_) {
      const double difference = std::abs(level->number.value - own.value);
      const double allowed = slack(gain->number, level->number.half_unit() + (own.text.empty() ? 0 : own.half_unit()));
      if (std::abs(difference - gain->number.value) <= allowed) return;
    }
    if (follows_from_another(level->number.value, *gain, slack(gain->number, level->number.half_unit()))) return;
    const double nearest = std::abs(level->number.value - own_.front().value);
    report(fmt::format("the distance from {} to the claimed score is {} bpb, not {}", level->number.text,
                       printed_like(gain->number, nearest), gain->number.text),
           gain->number.text, fmt::format("{:.6f}", nearest), clause,
           "Subtract again, from the score that is claimed.");
  }

  // "2.4x the 0.005-nat bar"
  void times_the_bar(const Clause& clause) {
    const std::string_view text = clause.text;
    const auto& f = clause.figures;
    for (std::size_t i = 0; i + 1 < f.size(); ++i) {
      const std::string_view between = text.substr(f[i].unit_end, f[i + 1].begin - f[i].unit_end);
      if (f[i].unit != Unit::times || !is_bar(text, f[i + 1]) || trim(between) != "the" || f[i].number.value <= 0)
        continue;
      const Figure* gain = nullptr;
      int nats = 0, bpb = 0;
      for (const Figure& g : f) {
        if (&g == &f[i + 1] || g.number.value >= kLargestGain || g.number.decimals() < 3 || is_bar(text, g)) continue;
        if (g.unit == Unit::nats) ++nats;
        if (g.unit == Unit::bpb) ++bpb;
        if (g.unit == Unit::nats || (g.unit == Unit::bpb && nats == 0)) gain = &g;
      }
      if (gain == nullptr || nats > 1 || (nats == 0 && (bpb != 1 || !factor_))) continue;
      ++checked;
      const double in_nats = gain->number.value * (gain->unit == Unit::nats ? 1 : *factor_);
      const double times = in_nats / kBarNats;
      const double input = gain->number.half_unit() * (gain->unit == Unit::nats ? 1 : *factor_) / kBarNats;
      if (std::abs(times - f[i].number.value) <= slack(f[i].number, 3 * input)) continue;
      report(fmt::format("{:.5f} nats are {} times 0.005 nats, not {}", in_nats, printed_like(f[i].number, times),
                         f[i].number.text),
             f[i].number.text, fmt::format("{:.4f}", times), clause, "Divide the gain in nats per token by 0.005.");
    }
  }

  // "-0.00731 nats, clearing the bar of 0.005 by 0.00231 per seed": true of the mean alone, unless all seeds are alike.
  void per_seed(const Clause& clause) {
    const std::string_view text = clause.text;
    if (losses_.size() < 2 || !says_any(text, {"per seed", "every seed", "each seed", "all seeds"})) return;
    const Figure *gain = nullptr, *margin = nullptr;
    int gains = 0, margins = 0;
    bool bar = false;
    for (const Figure& f : clause.figures) {
      const bool after_by = trim(text.substr(0, f.begin)).ends_with(" by");
      if (is_bar(text, f))
        bar = true;
      else if (after_by && f.sign == 0 && f.unit != Unit::bpb && f.number.decimals() >= 4)
        margin = &f, ++margins;
      else if (f.unit == Unit::nats && f.number.value < kLargestGain && f.number.decimals() >= 4)
        gain = &f, ++gains;
    }
    if (!bar || gains != 1 || margins != 1) return;
    // The sentence's own arithmetic says that the margin is the mean's.
    const double allowed = slack(margin->number, gain->number.half_unit());
    if (std::abs(gain->number.value - kBarNats - margin->number.value) > allowed) return;
    ++checked;
    const double mean = spread(losses_).mean;
    std::vector<std::string> seeds;
    bool differs = false;
    for (const double loss : losses_) {
      const double own = mean + gain->number.value - loss - kBarNats;
      seeds.push_back(fmt::format("{:.4f}", own));
      differs = differs || own < margin->number.value - allowed;
    }
    if (!differs) return;
    report(fmt::format("{} is the margin of the mean; per seed it is {}", margin->number.text, fmt::join(seeds, ", ")),
           margin->number.text, fmt::format("{}", fmt::join(seeds, ", ")), clause,
           "Say that it is the mean's margin, or give the smallest seed's.");
  }

  void report(std::string message, std::string observed, std::string required, const Clause& clause, std::string help) {
    if (results.size() >= kMaxFindings) return;
    results.push_back(failed(kId, Failure{Severity::warning,
                                          std::move(message),
                                          std::move(observed),
                                          std::move(required),
                                          {readme_evidence(s_, clause)},
                                          std::move(help)}));
  }

  const Submission& s_;
  std::optional<double> factor_;
  std::vector<Decimal> own_;  // text empty: exact
  std::vector<double> losses_;
};

}  // namespace

std::vector<RuleResult> check_claim_gain(const Submission& s, const Policy&) {
  if (auto none = without_readme(kId, s)) return {*std::move(none)};
  Checker checker(s, nats_per_bpb(s));
  const auto read = readme_figures_remembered(s.readme_text);
  for (const Clause& clause : read->clauses) checker.clause(clause);
  if (checker.checked == 0)
    return {not_applicable(kId, "the README states no gain over a named score together with that score")};
  return or_passed(std::move(checker.results),
                   passed(kId, fmt::format("{} gains over named scores follow from the claimed one", checker.checked)));
}

const Rule kRuleClaimGain{
    kId, "gains over a named score in the README",
    "A gain that stands with the score it is over is the difference to the claimed score; so many times the bar is "
    "that.",
    "Whether the other submission's score is right, and whether the gain is significant, is not decided here.",
    check_claim_gain};

}  // namespace pg::verify

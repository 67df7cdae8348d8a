#include "verify/submission/seed_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "verify/stats/units.h"
#include "verify/submission/submission.h"

namespace pg::verify {
namespace {

// From this many decimals on, two runs with the same score are a copy or a seed that was ignored: with the contest's
// spread of 0.0007 bpb that happens to one pair in 2,500 at six places and to one in 25 at four.
constexpr int kTellingDecimals = 6;

std::optional<double> ratio_of(const SeedScore& score) {
  if (!score.val_loss || !(score.val_bpb > 0) || !(*score.val_loss > 0)) return std::nullopt;
  const double ratio = *score.val_loss / score.val_bpb;
  return std::isfinite(ratio) ? std::optional(ratio) : std::nullopt;
}

void find_ratio(SeedSample& sample, std::optional<double> fallback) {
  std::vector<double> ratios;
  for (const SeedScore& score : sample.scores)
    if (const auto ratio = ratio_of(score)) ratios.push_back(*ratio);
  if (ratios.empty()) {
    sample.ratio = fallback;
    return;
  }
  double sum = 0;
  for (const double ratio : ratios) sum += ratio;
  sample.ratio = sum / static_cast<double>(ratios.size());
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  if (stats::same_ratio(*low, *high)) return;
  sample.mixed = true;
  sample.objections.push_back(
      fmt::format("val_loss / val_bpb is {:.6f} in one run and {:.6f} in another: these are different tokenizers or "
                  "validation exports",
                  *low, *high));
}

void find_copies(SeedSample& sample) {
  std::set<std::int64_t> seeds, told;
  for (const SeedScore& score : sample.scores)
    if (score.seed && !seeds.insert(*score.seed).second && told.insert(*score.seed).second)
      sample.objections.push_back(fmt::format("seed {} stands twice", *score.seed));
  std::set<double> noted;
  for (std::size_t i = 0; i < sample.scores.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) {
      const SeedScore &a = sample.scores[i], &b = sample.scores[k];
      if (a.val_bpb != b.val_bpb || !noted.insert(a.val_bpb).second) continue;
      if (std::min(a.decimals, b.decimals) >= kTellingDecimals)
        sample.objections.push_back(
            fmt::format("two runs score {:.{}f}, the same to the last digit: a copy, or a seed that was ignored",
                        a.val_bpb, a.decimals));
      else
        sample.notes.push_back(fmt::format("two runs score {:.{}f}; to {} decimals that can be chance", a.val_bpb,
                                           a.decimals, a.decimals));
    }
}

// A mean over the best of many runs is lower than the configuration's own.
void note_selection(SeedSample& sample, const Submission& submission) {
  const std::size_t disclosed = submission.metadata.disclosed.size();
  if (disclosed > sample.scores.size())
    sample.notes.push_back(fmt::format("{} runs are disclosed under \"{}\" and {} of them claimed", disclosed,
                                       submission.metadata.disclosed_key, sample.scores.size()));
}

}  // namespace

const char* to_string(SeedSample::Source source) {
  switch (source) {
    case SeedSample::Source::logged:
      return "logged";
    case SeedSample::Source::claimed:
      return "claimed";
    case SeedSample::Source::given:
      return "given";
  }
  return "logged";
}

std::vector<double> SeedSample::bpb() const {
  std::vector<double> values;
  values.reserve(scores.size());
  for (const SeedScore& score : scores) values.push_back(score.val_bpb);
  return values;
}

void examine_sample(SeedSample& sample, std::optional<double> fallback) {
  find_ratio(sample, fallback);
  if (sample.scores.size() <= 1000) find_copies(sample);  // quadratic; no claim has so many seeds
}

SeedSample logged_sample(const Submission& submission) {
  SeedSample sample;
  sample.name = submission.name;
  std::set<std::string> sources;
  for (const SubmittedRun& submitted : submission.runs) {
    if (submitted.role != Role::claim) continue;
    const LogRun& run = submission.last_run(submitted);
    if (!run.val_bpb) continue;
    const auto loss = run.val_loss ? std::optional(run.val_loss->value) : std::nullopt;
    sample.scores.push_back({submitted.seed, run.val_bpb->value, loss, run.val_bpb->decimals()});
    if (run.source) sources.insert(run.source->sha256);
  }
  if (sources.size() > 1)
    sample.notes.push_back(fmt::format("the claimed runs logged {} different sources", sources.size()));
  examine_sample(sample);
  note_selection(sample, submission);
  return sample;
}

SeedSample claimed_sample(const Submission& submission) {
  SeedSample sample;
  sample.name = submission.name;
  sample.source = SeedSample::Source::claimed;
  for (const SeedClaim& claim : submission.metadata.per_seed)
    if (claim.val_bpb) {
      const auto loss = claim.val_loss ? std::optional(claim.val_loss->value) : std::nullopt;
      sample.scores.push_back({claim.seed, claim.val_bpb->value, loss, claim.val_bpb->decimals()});
    }
  examine_sample(sample, logged_sample(submission).ratio);
  note_selection(sample, submission);
  return sample;
}

SeedSample seed_sample(const Submission& submission) {
  SeedSample logged = logged_sample(submission);
  if (logged.scores.size() >= 2) return logged;
  SeedSample claimed = claimed_sample(submission);
  return claimed.scores.size() > logged.scores.size() ? claimed : logged;
}

}  // namespace pg::verify

// Does one submission beat another? Samples and policy in, everything a reader needs to judge out. The numbers come
// from the files beside this one; rules, reports and the leaderboard take them from here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "verify/policy/statistics.h"
#include "verify/report/result.h"
#include "verify/stats/permutation.h"
#include "verify/stats/sensitivity.h"
#include "verify/stats/t_test.h"
#include "verify/submission/seed_sample.h"

namespace pg::verify {

// One reading of the rule over the two samples. Numbers hold only where outcome is ok; all in Significance::unit.
struct ReadingOutcome {
  StatisticsReading reading;
  stats::Outcome outcome;
  std::optional<double> margin;  // the reading's, converted by the new run's own ratio
  stats::TTest test;
  bool passes = false;
  double bound = 0;  // with probability 1 - alpha the true difference new - old lies below it
  // The same question with the margin converted by the old run's ratio, where that is another tokenizer's.
  std::optional<bool> passes_by_old_ratio;
  // Planning with the policy's pooled standard deviation: the smallest observed gain beyond the margin that would pass
  // with these numbers of seeds, the true gain found with the policy's power, and the seeds that the observed gain
  // beyond the margin needs (of both sides, where the old side is no fixed bar; of the new side alone).
  std::optional<double> critical_gain, detectable_gain;
  std::optional<std::size_t> seeds_each, seeds_new;
};

struct Significance {
  stats::Unit unit = stats::Unit::bpb;  // of scores, differences and bounds
  SeedSample new_sample, old_sample;
  bool against_bar = false;  // the old side is one fixed number without error: its sample holds that and nothing else
  stats::Moments new_moments, old_moments;
  stats::Outcome outcome;       // not ok: the samples are no basis for a decision, whatever the numbers say
  std::optional<double> delta;  // mean(new) - mean(old); negative: better
  std::optional<double> delta_nats_per_token;  // only between runs of one tokenizer
  std::optional<double> delta_nats_per_byte;
  std::optional<stats::Interval> ci99;  // of delta, Welch
  std::vector<ReadingOutcome> readings;
  std::size_t decides = 0;
  // How much hangs on the choice of test and on single runs; of the deciding reading's margin and level.
  std::optional<stats::TTest> fixed_sigma;
  stats::PermutationTest permutation;  // against a bar: the exact one-sample test by sign flips
  stats::LeaveOneOut leave_one_out;
  std::optional<double> worst_new;  // the new sample's highest score
  bool worst_new_beats = false;     // it lies below the old mean minus the margin as well
  std::vector<std::string> notes;

  const ReadingOutcome& deciding() const { return readings[decides]; }
  // pass, fail, or inconclusive where the deciding reading could not be evaluated or the samples are objected to.
  Verdict verdict() const;
  std::string reason() const;  // why inconclusive; empty otherwise
};

// tests: the readings' tests alone, without planning and sensitivity, which take ten times as long.
enum class Detail { full, tests };

// Compares under every reading of the policy, which has at least one. `unit` is the unit of both samples' scores (of
// folders: bpb).
Significance compare(const SeedSample& new_sample, const SeedSample& old_sample, const StatisticsPolicy& policy,
                     stats::Unit unit = stats::Unit::bpb, Detail detail = Detail::full);
// The same against a fixed number: one-sample t, z and sign flips; readings that ask for Welch's test have no answer.
Significance compare_with_bar(const SeedSample& new_sample, double bar, const StatisticsPolicy& policy,
                              stats::Unit unit = stats::Unit::bpb);

}  // namespace pg::verify

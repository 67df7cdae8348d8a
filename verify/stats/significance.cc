#include "verify/stats/significance.h"

#include <fmt/format.h>

#include <algorithm>

#include "verify/stats/power.h"

namespace pg::verify {
namespace {

using stats::Code;
using stats::Outcome;
using stats::TTest;
using stats::Unit;

class Comparison {
 public:
  Comparison(const SeedSample& new_sample, const SeedSample& old_sample, const StatisticsPolicy& policy, Unit unit,
             Detail detail, bool against_bar = false)
      : policy_(policy), detail_(detail), new_(new_sample.bpb()), old_(old_sample.bpb()) {
    out_.unit = unit;
    out_.against_bar = against_bar;
    out_.new_sample = new_sample;
    out_.old_sample = old_sample;
    out_.decides = policy.decides;
  }

  Significance run() {
    check();
    describe();
    for (const StatisticsReading& reading : policy_.readings) out_.readings.push_back(evaluate(reading));
    if (detail_ == Detail::full) look_for_sensitivity();
    take_notes();
    return std::move(out_);
  }

 private:
  void check() {
    for (const auto& [sample, name] : {std::pair(&out_.new_sample, "new"), {&out_.old_sample, "old"}}) {
      if (sample->objections.empty()) continue;
      out_.outcome = {sample->mixed ? Code::mixed : Code::duplicate,
                      fmt::format("{} sample: {}", name, fmt::join(sample->objections, "; "))};
      return;
    }
  }

  void describe() {
    out_.new_moments = stats::moments(new_);
    out_.old_moments = stats::moments(old_);
    const TTest plain = stats::welch(new_, old_);
    if (plain.outcome) out_.ci99 = stats::confidence_interval(plain, 0.99);
    if (!stats::check_sample(new_, 1, "") || !stats::check_sample(old_, 1, "")) return;
    out_.delta = out_.new_moments.mean - out_.old_moments.mean;
    const auto in = [&](Unit unit, std::optional<double> ratio) -> std::optional<double> {
      const auto value = stats::convert(*out_.delta, out_.unit, unit, ratio);
      return value ? std::optional(*value) : std::nullopt;
    };
    out_.delta_nats_per_byte = in(Unit::nats_per_byte, common_ratio());
    out_.delta_nats_per_token = in(Unit::nats_per_token, common_ratio());
    out_.worst_new = *std::max_element(new_.begin(), new_.end());
  }

  // Of both samples; empty where one is unknown or they are of two tokenizers: then no difference in nats per token
  // exists.
  std::optional<double> common_ratio() const {
    const auto &a = out_.new_sample.ratio, &b = out_.old_sample.ratio;
    return a && b && stats::same_ratio(*a, *b) ? a : std::nullopt;
  }

  std::optional<double> sigma() const {
    const auto value = stats::convert(policy_.sigma_bpb, Unit::bpb, out_.unit, out_.new_sample.ratio);
    return value ? std::optional(*value) : std::nullopt;
  }

  TTest test(const StatisticsReading& reading, std::span<const double> a, std::span<const double> b,
             double margin) const {
    switch (reading.test) {
      case StatTest::welch:
        if (out_.against_bar)
          return refused({Code::too_few, "Welch's test needs runs on both sides, and a bar is one fixed number"});
        return stats::welch(a, b, margin);
      case StatTest::one_sample:
        if (Outcome o = stats::check_sample(b, 1, "the old sample"); !o) return refused(std::move(o));
        return stats::one_sample(a, stats::moments(b).mean, margin);
      case StatTest::fixed_sigma:
        if (!sigma()) return refused({Code::unit, "the pooled deviation cannot be converted to the scores' unit"});
        return z_test(a, b, margin);
    }
    return {};
  }

  TTest z_test(std::span<const double> a, std::span<const double> b, double margin) const {
    if (!out_.against_bar) return stats::fixed_sigma(a, b, *sigma(), margin);
    return stats::fixed_sigma(a, stats::moments(b).mean, *sigma(), margin);
  }

  static TTest refused(Outcome outcome) {
    TTest test;
    test.outcome = std::move(outcome);
    return test;
  }

  ReadingOutcome evaluate(const StatisticsReading& reading) const {
    ReadingOutcome r;
    r.reading = reading;
    // A margin of nothing needs no conversion.
    const auto margin = reading.margin == 0
                            ? Result<double>(0.0)
                            : stats::convert(reading.margin, reading.unit, out_.unit, out_.new_sample.ratio);
    if (!margin) {
      r.outcome = {Code::unit, "margin: " + margin.error().message};
      return r;
    }
    r.margin = *margin;
    r.test = test(reading, new_, old_, *margin);
    r.outcome = r.test.outcome;
    if (!r.outcome) return r;
    r.passes = r.test.p < reading.alpha;
    r.bound = stats::upper_bound(r.test, reading.alpha);
    try_the_other_ratio(r);
    if (detail_ == Detail::full) plan(r);
    return r;
  }

  void try_the_other_ratio(ReadingOutcome& r) const {
    const auto& old_ratio = out_.old_sample.ratio;
    if (r.reading.unit != Unit::nats_per_token || out_.unit == Unit::nats_per_token || r.reading.margin == 0) return;
    if (!old_ratio || common_ratio()) return;
    if (const auto margin = stats::convert(r.reading.margin, r.reading.unit, out_.unit, old_ratio))
      r.passes_by_old_ratio = test(r.reading, new_, old_, *margin).p < r.reading.alpha;
  }

  void plan(ReadingOutcome& r) const {
    if (!sigma()) return;
    const bool bar = out_.against_bar || r.reading.test == StatTest::one_sample;
    const stats::Design design{new_.size(), bar ? 0 : old_.size(), *sigma(), r.reading.alpha,
                               r.reading.test == StatTest::fixed_sigma};
    r.critical_gain = stats::critical_gain(design);
    r.detectable_gain = stats::detectable_gain(design, policy_.power);
    const double gain = -r.test.delta - *r.margin;
    r.seeds_each = stats::seeds_needed_each(design, gain, policy_.power);
    r.seeds_new = stats::seeds_needed_new(design, gain, policy_.power);
  }

  void look_for_sensitivity() {
    const ReadingOutcome& r = out_.deciding();
    if (!r.margin) {
      out_.permutation.outcome = out_.leave_one_out.outcome = r.outcome;
      return;
    }
    if (sigma()) {
      const TTest z = z_test(new_, old_, *r.margin);
      if (z.outcome) out_.fixed_sigma = z;
    }
    out_.permutation = out_.against_bar ? stats::sign_flips(new_, out_.old_moments.mean, *r.margin, r.reading.alpha)
                                        : stats::permutation(new_, old_, *r.margin, r.reading.alpha);
    out_.leave_one_out = stats::leave_one_out(new_, old_, [&](std::span<const double> a, std::span<const double> b) {
      const TTest t = test(r.reading, a, b, *r.margin);
      return t.outcome ? t.p : -1.0;
    });
    out_.worst_new_beats = out_.worst_new && *out_.worst_new < out_.old_moments.mean - *r.margin;
  }

  void take_notes() {
    for (const auto& [sample, name] : {std::pair(&out_.new_sample, "new"), {&out_.old_sample, "old"}})
      for (const std::string& note : sample->notes) out_.notes.push_back(fmt::format("{} sample: {}", name, note));
    const auto &a = out_.new_sample.ratio, &b = out_.old_sample.ratio;
    if (a && b && !common_ratio())
      out_.notes.push_back(fmt::format(
          "two tokenizers or validation exports (val_loss / val_bpb {:.4f} and {:.4f}): differences in nats "
          "per token do not exist; margins in that unit are converted by the new run's own ratio",
          *a, *b));
    for (const ReadingOutcome& r : out_.readings)
      if (r.passes_by_old_ratio && *r.passes_by_old_ratio != r.passes)
        out_.notes.push_back(
            fmt::format("{}: converted by the old run's ratio the margin gives the opposite answer", r.reading.name));
  }

  const StatisticsPolicy& policy_;
  const Detail detail_;
  const std::vector<double> new_, old_;
  Significance out_;
};

}  // namespace

Verdict Significance::verdict() const {
  if (!outcome || !deciding().outcome) return Verdict::inconclusive;
  return deciding().passes ? Verdict::pass : Verdict::fail;
}

std::string Significance::reason() const {
  return !outcome ? outcome.reason : deciding().outcome.reason;
}

Significance compare(const SeedSample& new_sample, const SeedSample& old_sample, const StatisticsPolicy& policy,
                     stats::Unit unit, Detail detail) {
  return Comparison(new_sample, old_sample, policy, unit, detail).run();
}

Significance compare_with_bar(const SeedSample& new_sample, double bar, const StatisticsPolicy& policy,
                              stats::Unit unit) {
  SeedSample old_side;
  old_side.name = "bar";
  old_side.source = SeedSample::Source::given;
  old_side.scores.push_back({std::nullopt, bar, std::nullopt, 8});
  return Comparison(new_sample, old_side, policy, unit, Detail::full, true).run();
}

}  // namespace pg::verify

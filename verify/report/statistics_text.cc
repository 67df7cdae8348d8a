#include <fmt/format.h>

#include <cmath>

#include "reference/base/text.h"
#include "verify/report/statistics.h"

namespace pg::verify {
namespace {

std::string name_of(const SeedSample& sample) {
  return escape_line(sample.name, 60);
}

std::string sample_text(const SeedSample& sample, const stats::Moments& m) {
  std::string text =
      fmt::format("{}: {} {} score{}", name_of(sample), m.n, to_string(sample.source), m.n == 1 ? "" : "s");
  if (m.n > 0) text += fmt::format(", mean {:.8f}", m.mean);
  if (m.n > 1) text += fmt::format(", std {:.6f}", m.sd);
  std::vector<std::string> scores;
  for (const SeedScore& s : sample.scores) {
    if (scores.size() == 12) {
      scores.push_back(fmt::format("... {} more", sample.scores.size() - 12));
      break;
    }
    const std::string value = fmt::format("{:.{}f}", s.val_bpb, std::min(s.decimals, 8));
    scores.push_back(s.seed ? fmt::format("{} (seed {})", value, *s.seed) : value);
  }
  if (!scores.empty()) text += fmt::format(": {}", fmt::join(scores, ", "));
  return text;
}

std::string difference_text(const Significance& s) {
  if (!s.delta) return "unknown: " + escape_line(s.reason());
  std::string text = fmt::format("{:+.6f} {}", *s.delta, to_string(s.unit));
  if (s.delta_nats_per_token && s.unit != stats::Unit::nats_per_token)
    text += fmt::format(", {:+.6f} nats/token", *s.delta_nats_per_token);
  if (s.delta_nats_per_byte && s.unit != stats::Unit::nats_per_byte)
    text += fmt::format(", {:+.6f} nats/byte", *s.delta_nats_per_byte);
  if (s.ci99) text += fmt::format("; 99 % interval {:+.6f} to {:+.6f}", s.ci99->low, s.ci99->high);
  return text + (*s.delta < 0 ? " (lower is better: a gain)" : " (higher: no gain)");
}

std::string df_text(double df) {
  return std::isinf(df) ? "normal" : fmt::format("{:.2f}", df);
}

void write_readings(Layout& out, const Significance& s) {
  out.line(fmt::format("  {:<20} {:>16} {:>10} {:>9} {:>7} {:>9} {:>7}  {}", "reading", "margin",
                       "in " + std::string(to_string(s.unit)), "t", "df", "p", "needs", "answer"));
  for (const ReadingOutcome& r : s.readings) {
    const bool decides = &r == &s.deciding();
    const std::string head = fmt::format("{} {:<20} {:>16}", decides ? "*" : " ", escape_line(r.reading.name, 20),
                                         fmt::format("{:g} {}", r.reading.margin, to_string(r.reading.unit)));
    if (!r.outcome) {
      out.hanging(head + "  ", 41, "not decided: " + r.outcome.reason);
      continue;
    }
    const Style style = r.passes ? Style::good : Style::bad;
    out.line(fmt::format("{} {:>10.6f} {:>9.3f} {:>7} {:>9} {:>7}  {}", head, *r.margin, r.test.t, df_text(r.test.df),
                         p_text(r.test.p), fmt::format("<{:g}", r.reading.alpha),
                         out.styled(r.passes ? "passes" : "does not", style)));
  }
  out.line(fmt::format("  * decides: {}", escape_line(s.deciding().reading.title)));
}

std::string seeds_text(const Significance& s, bool bar) {
  return bar ? fmt::format("{} seed{} against a bar", s.new_moments.n, s.new_moments.n == 1 ? "" : "s")
             : fmt::format("{} v {} seeds", s.new_moments.n, s.old_moments.n);
}

void write_planning(Layout& out, const Significance& s) {
  const ReadingOutcome& r = s.deciding();
  if (!r.outcome) return;
  out.field("bound", fmt::format("with {:g} % confidence the difference lies below {:+.6f} {}; the reading asks for {}",
                                 100 * (1 - r.reading.alpha), r.bound, to_string(s.unit),
                                 *r.margin > 0 ? fmt::format("-{:.6f}", *r.margin) : "0"));
  if (!r.critical_gain) return;
  const bool bar = s.against_bar || r.reading.test == StatTest::one_sample;
  std::string text = fmt::format("{} pass{} with an observed gain of {:.6f} beyond the margin", seeds_text(s, bar),
                                 bar && s.new_moments.n == 1 ? "es" : "", *r.critical_gain);
  if (r.detectable_gain)
    text += fmt::format(" and find a true one of {:.6f} with the policy's power", *r.detectable_gain);
  out.field("power", text);
  const double beyond = -r.test.delta - *r.margin;
  const std::string gain = fmt::format("a true gain like the observed one ({:.6f} beyond the margin) needs", beyond);
  if (beyond <= 0)
    out.field("seeds", "the observed gain does not exceed the margin: no number of seeds would show it");
  else if (bar && r.seeds_new)
    out.field("seeds", fmt::format("{} {} against the bar", gain, *r.seeds_new));
  else if (r.seeds_each)
    out.field("seeds", fmt::format("{} {} on each side{}", gain, *r.seeds_each,
                                   r.seeds_new ? fmt::format(", or {} new ones against the old {}", *r.seeds_new,
                                                             s.old_moments.n)
                                               : "; new ones alone do not suffice"));
}

void write_sensitivity(Layout& out, const Significance& s) {
  std::vector<std::string> parts;
  if (s.fixed_sigma) parts.push_back("z with the contest's pooled std: p " + p_text(s.fixed_sigma->p));
  if (s.permutation.arrangements > 0)
    parts.push_back(fmt::format("{}: p {}, {} at best",
                                s.against_bar ? "exact one-sample test by sign flips" : "exact permutation",
                                p_text(s.permutation.p), p_text(s.permutation.smallest_p)));
  if (s.leave_one_out.outcome)
    parts.push_back(fmt::format("leaving one run out: p {} to {}", p_text(s.leave_one_out.lowest_p),
                                p_text(s.leave_one_out.highest_p)));
  if (s.worst_new)
    parts.push_back(fmt::format("the worst new run ({:.8g}) {} the {} by the margin", *s.worst_new,
                                s.worst_new_beats ? "beats" : "does not beat", s.against_bar ? "bar" : "old mean"));
  if (!parts.empty()) out.field("also", fmt::format("{}", fmt::join(parts, "; ")));
}

}  // namespace

std::string p_text(double p) {
  if (p < 1e-12) return "<1e-12";
  if (p < 1e-4) return fmt::format("{:.2e}", p);
  return fmt::format("{:.{}f}", p, p < 0.001 ? 6 : p < 0.01 ? 5 : 4);
}

std::vector<Significance> comparisons(const Report& report) {
  std::vector<Significance> out;
  if (!report.policy.statistics || !report.error.empty()) return out;
  const SeedSample own = seed_sample(report.submission);
  for (const SeedSample& baseline : report.submission.baselines)
    out.push_back(compare(own, baseline, *report.policy.statistics));
  return out;
}

void write_significance(Layout& out, const Significance& s) {
  out.field("new", sample_text(s.new_sample, s.new_moments));
  out.field("old", s.against_bar
                       ? fmt::format("a bar of {:.8g}: one fixed number, taken to be free of error", s.old_moments.mean)
                       : sample_text(s.old_sample, s.old_moments));
  out.field("change", difference_text(s));
  out.line("");
  write_readings(out, s);
  out.line("");
  write_planning(out, s);
  write_sensitivity(out, s);
  if (!s.outcome) out.field("object", escape_line(s.outcome.reason, 600));
  for (const std::string& note : s.notes) out.field("note", escape_line(note, 600));
}

void write_gains(Layout& out, const Report& report) {
  for (const Significance& s : comparisons(report)) {
    const ReadingOutcome& r = s.deciding();
    if (!s.delta || !r.outcome) {
      out.field("gain", fmt::format("over {}: cannot tell, {}", name_of(s.old_sample), escape_line(s.reason())));
      continue;
    }
    int passing = 0;
    for (const ReadingOutcome& other : s.readings) passing += other.outcome && other.passes;
    out.field("gain",
              fmt::format("{:+.6f} bpb over {} ({} v {} seeds): p {} against a margin of {:g} {}, needs below "
                          "{:g}; {} of {} readings pass",
                          *s.delta, name_of(s.old_sample), s.new_moments.n, s.old_moments.n, p_text(r.test.p),
                          r.reading.margin, to_string(r.reading.unit), r.reading.alpha, passing, s.readings.size()));
  }
}

}  // namespace pg::verify

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "verify/report/statistics.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using stats::TTest;

// To 12 significant digits: the last bits of these numbers hang on the compiler and the mathematical library, and the
// same input is to give the same bytes.
json finite(double value) {
  if (!std::isfinite(value)) return nullptr;
  const std::string text = fmt::format("{:.12g}", value);
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}
json optional(const std::optional<double>& value) {
  return value ? finite(*value) : json();
}
template <class T>
json optional(const std::optional<T>& value) {
  return value ? json(*value) : json();
}
json words(const std::string& text) {
  return text.empty() ? json() : json(text);
}

json sample_json(const SeedSample& sample, const stats::Moments& m) {
  json scores = json::array();
  for (const SeedScore& s : sample.scores)
    scores.push_back({{"seed", optional(s.seed)}, {"score", finite(s.val_bpb)}, {"val_loss", optional(s.val_loss)}});
  return {{"name", sample.name},
          {"source", to_string(sample.source)},
          {"n", m.n},
          {"mean", m.n > 0 ? finite(m.mean) : json()},
          {"sd", m.n > 1 ? finite(m.sd) : json()},
          {"ratio", optional(sample.ratio)},
          {"scores", std::move(scores)},
          {"objections", sample.objections}};
}

json reading_json(const ReadingOutcome& r, const stats::Unit unit) {
  const bool ok = r.outcome.ok();
  const auto number = [&](double value) { return ok ? finite(value) : json(); };
  return {{"name", r.reading.name},
          {"title", r.reading.title},
          {"test", to_string(r.reading.test)},
          {"margin", r.reading.margin},
          {"unit", to_string(r.reading.unit)},
          {"alpha", r.reading.alpha},
          {"margin_converted", optional(r.margin)},
          {"margin_converted_unit", to_string(unit)},
          {"status", to_string(r.outcome.code)},
          {"reason", words(r.outcome.reason)},
          {"t", number(r.test.t)},
          {"df", number(r.test.df)},
          {"standard_error", number(r.test.standard_error)},
          {"p", number(r.test.p)},
          {"upper_bound", number(r.bound)},
          {"passes", ok ? json(r.passes) : json()},
          {"passes_by_old_ratio", optional(r.passes_by_old_ratio)},
          {"critical_gain", optional(r.critical_gain)},
          {"detectable_gain", optional(r.detectable_gain)},
          {"seeds_each", optional(r.seeds_each)},
          {"seeds_new", optional(r.seeds_new)}};
}

json sensitivity_json(const Significance& s) {
  const bool counted = s.permutation.arrangements > 0;
  return {{"fixed_sigma_p", s.fixed_sigma ? finite(s.fixed_sigma->p) : json()},
          {"permutation",
           {{"method", s.against_bar ? "sign_flips" : "permutation"},
            {"status", to_string(s.permutation.outcome.code)},
            {"reason", words(s.permutation.outcome.reason)},
            {"p", counted ? finite(s.permutation.p) : json()},
            {"smallest_p", counted ? finite(s.permutation.smallest_p) : json()},
            {"arrangements", s.permutation.arrangements}}},
          {"leave_one_out",
           {{"status", to_string(s.leave_one_out.outcome.code)},
            {"lowest_p", s.leave_one_out.outcome ? finite(s.leave_one_out.lowest_p) : json()},
            {"highest_p", s.leave_one_out.outcome ? finite(s.leave_one_out.highest_p) : json()}}},
          {"worst_new", optional(s.worst_new)},
          {"worst_new_beats", s.worst_new ? json(s.worst_new_beats) : json()}};
}

}  // namespace

json significance_json(const Significance& s) {
  json readings = json::array();
  for (const ReadingOutcome& r : s.readings) readings.push_back(reading_json(r, s.unit));
  json old_side = sample_json(s.old_sample, s.old_moments);
  if (s.against_bar) old_side["source"] = "bar";
  return {{"unit", to_string(s.unit)},
          {"new", sample_json(s.new_sample, s.new_moments)},
          {"old", std::move(old_side)},
          {"status", to_string(s.outcome.code)},
          {"reason", words(s.reason())},
          {"verdict", to_string(s.verdict())},
          {"decides", s.deciding().reading.name},
          {"delta", optional(s.delta)},
          {"delta_nats_per_token", optional(s.delta_nats_per_token)},
          {"delta_nats_per_byte", optional(s.delta_nats_per_byte)},
          {"ci99_low", s.ci99 ? finite(s.ci99->low) : json()},
          {"ci99_high", s.ci99 ? finite(s.ci99->high) : json()},
          {"readings", std::move(readings)},
          {"sensitivity", sensitivity_json(s)},
          {"notes", s.notes}};
}

json statistics_json(const Report& report) {
  json list = json::array();
  for (const Significance& s : comparisons(report)) list.push_back(significance_json(s));
  if (list.empty()) return nullptr;
  return {{"sigma_bpb", report.policy.statistics->sigma_bpb},
          {"power", report.policy.statistics->power},
          {"comparisons", std::move(list)}};
}

}  // namespace pg::verify

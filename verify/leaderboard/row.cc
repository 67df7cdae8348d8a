#include "verify/leaderboard/row.h"

#include <algorithm>
#include <cmath>

#include "verify/stats/outcome.h"
#include "verify/submission/roles.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

void raise(std::optional<std::int64_t>& longest, const std::optional<std::int64_t>& value) {
  if (value && (!longest || *value > *longest)) longest = value;
}

SeedSample chosen(const Submission& s, ScoreSource source) {
  switch (source) {
    case ScoreSource::best:
      return seed_sample(s);
    case ScoreSource::logged:
      return logged_sample(s);
    case ScoreSource::claimed:
      return claimed_sample(s);
  }
  return {};
}

}  // namespace

const char* to_string(ScoreSource source) {
  switch (source) {
    case ScoreSource::best:
      return "best";
    case ScoreSource::logged:
      return "logged";
    case ScoreSource::claimed:
      return "claimed";
  }
  return "best";
}

std::string leading_date(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00";
  if (text.size() < kShape.size()) return "";
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '-' ? text[i] != '-' : !digit) return "";
  }
  return std::string(text.substr(0, kShape.size()));
}

BoardRow make_row(const Report& report, std::string path, ScoreSource source) {
  const Submission& s = report.submission;
  BoardRow row;
  row.path = std::move(path);
  row.name = s.name;
  row.track = s.track;
  row.verdict = report.verdict;
  row.error = report.error;
  row.sample.name = s.name;
  row.date = leading_date(s.name);
  if (!report.error.empty()) return row;
  for (const auto* name : {&s.metadata.author, &s.metadata.github_id})
    if (row.author.empty() && *name) row.author = **name;
  if (s.metadata.date)
    if (std::string date = leading_date(*s.metadata.date); !date.empty()) row.date = std::move(date);
  row.claimed = s.metadata.val_bpb.value;
  row.sample = chosen(s, source);
  if (!row.sample.scores.empty())
    row.score = stats::moments(row.sample.bpb()).mean;
  else if (row.claimed)
    row.score = row.claimed->value;
  if (row.score && !std::isfinite(*row.score)) row.score.reset();
  for (const RuleResult& r : report.results)
    if (r.verdict == Verdict::fail && r.severity == Severity::error &&
        std::find(row.failing.begin(), row.failing.end(), r.id) == row.failing.end())
      row.failing.push_back(r.id);
  const SizeTable sizes = size_table(s);
  if (const auto& size = sizes.under(report.policy.size_convention)) row.bytes = size->bytes;
  for (const SubmittedRun& run : s.runs) {
    if (run.role != Role::claim) continue;
    raise(row.train_ms, training_of(s, run).train_time_ms.value);
    raise(row.eval_ms, s.last_run(run).eval_time_ms);
  }
  return row;
}

}  // namespace pg::verify

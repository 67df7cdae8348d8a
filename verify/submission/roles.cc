#include "verify/submission/roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reference/base/text.h"
#include "verify/submission/log_lines.h"

namespace pg::verify {
namespace {

bool trains(const LogRun& run) {
  return run.last_step || run.stop_train_time_ms;
}

// All scores that the metadata claims for one run or for all: the per-seed values and the headline.
std::vector<Decimal> claimed_scores(const Metadata& metadata) {
  std::vector<Decimal> scores;
  for (const SeedClaim& seed : metadata.per_seed)
    if (seed.val_bpb) scores.push_back(*seed.val_bpb);
  if (metadata.val_bpb) scores.push_back(*metadata.val_bpb);
  return scores;
}

bool agrees_with_any(const std::vector<Decimal>& claims, const Decimal& value) {
  return std::any_of(claims.begin(), claims.end(), [&](const Decimal& c) { return agree_as_printed(c, value); });
}

// Four decimals at least on both sides, else agreement means nothing.
bool surely_agrees_with_any(const std::vector<Decimal>& claims, const Decimal& value) {
  return value.decimals() >= 4 && std::any_of(claims.begin(), claims.end(), [&](const Decimal& c) {
           return c.decimals() >= 4 && agree_as_printed(c, value);
         });
}

// A log's result under a name that records.md does not rank (n-gram caches, SLOT ...), or in no known form at all, is
// the claimed one where the claim agrees with it and not with the ranked one.
void follow_claim(LogRun& run, const std::vector<Decimal>& claims) {
  if (run.val_bpb && agrees_with_any(claims, *run.val_bpb)) return;
  for (std::size_t i = run.metrics.size(); i-- > 0;) {
    const MetricLine& m = run.metrics[i];
    if (is_listed_metric(m.name) || !surely_agrees_with_any(claims, m.val_bpb)) continue;
    use_metric(run, i);
    return;
  }
  for (auto m = run.mentions.rbegin(); m != run.mentions.rend(); ++m) {
    if (!surely_agrees_with_any(claims, m->val_bpb)) continue;
    run.metrics.push_back({m->line, "line " + std::to_string(m->line) + " (no known form)", std::nullopt, m->val_bpb,
                           std::nullopt, m->text});
    use_metric(run, run.metrics.size() - 1);
    return;
  }
}

// The last value that a run prints under a name.
const MetricLine* last_metric(const LogRun& run, std::string_view name) {
  const auto it =
      std::find_if(run.metrics.rbegin(), run.metrics.rend(), [&](const MetricLine& m) { return m.name == name; });
  return it == run.metrics.rend() ? nullptr : &*it;
}

// The headline is often the mean of a result that records.md does not rank. Where the chosen scores do not give the
// claim, but the mean over at least two logs of one other name does, that name is the claimed one.
void follow_mean(Submission& s) {
  const auto& claim = s.metadata.val_bpb;
  if (!claim || claim->decimals() < 4) return;
  std::map<std::string, std::vector<std::size_t>> logs_of;
  double sum = 0;
  std::size_t n = 0;
  for (std::size_t i = 0; i < s.logs.size(); ++i) {
    const LogRun& run = s.logs[i].runs.back();
    if (run.val_bpb) sum += run.val_bpb->value, ++n;
    if (run.val_bpb && agree_as_printed(*claim, *run.val_bpb)) return;
    std::set<std::string> names;
    for (const MetricLine& m : run.metrics)
      if (!is_listed_metric(m.name) && names.insert(m.name).second) logs_of[m.name].push_back(i);
  }
  if (n > 0 && agrees_at_rounding(*claim, sum / static_cast<double>(n))) return;
  for (const auto& [name, logs] : logs_of) {
    double total = 0;
    for (const std::size_t i : logs) total += last_metric(s.logs[i].runs.back(), name)->val_bpb.value;
    if (logs.size() < 2 || !agrees_at_rounding(*claim, total / static_cast<double>(logs.size()))) continue;
    for (const std::size_t i : logs) {
      LogRun& run = s.logs[i].runs.back();
      use_metric(run, static_cast<std::size_t>(last_metric(run, name) - run.metrics.data()));
    }
    return;
  }
}

void set_role(SubmittedRun& run, Role role, std::string reason) {
  run.role = role;
  run.role_reason = std::move(reason);
}

void mark_duplicates(Submission& s, std::vector<bool>& decided) {
  for (std::size_t i = 0; i < s.runs.size(); ++i) {
    for (std::size_t j = 0; j < s.runs.size(); ++j) {
      if (i == j || decided[i] || s.logs[i].sha256 != s.logs[j].sha256) continue;
      // Of equal files the one named after its seed is the run, the other the copy.
      const bool i_named = s.runs[i].seed_in_name.has_value(), j_named = s.runs[j].seed_in_name.has_value();
      if (i_named > j_named || (i_named == j_named && i < j)) continue;
      set_role(s.runs[i], Role::duplicate, "byte-identical to " + s.logs[j].path);
      decided[i] = true;
    }
  }
}

// A log that strings the other logs together: each of its runs, to the last digit, is the run of another file.
void mark_collections(Submission& s, std::vector<bool>& decided) {
  const auto same = [](const LogRun& a, const LogRun& b) {
    return a.val_bpb && b.val_bpb && a.val_bpb->decimals() >= 6 && a.val_bpb->text == b.val_bpb->text &&
           a.metric_name == b.metric_name && a.train_time_ms.value == b.train_time_ms.value;
  };
  for (std::size_t i = 0; i < s.logs.size(); ++i) {
    if (decided[i] || s.logs[i].runs.size() < 2 || s.logs[i].same_run_twice) continue;
    std::size_t repeated = 0;
    for (const LogRun& run : s.logs[i].runs) {
      for (std::size_t j = 0; j < s.logs.size(); ++j) {
        if (j == i || decided[j] || s.logs[j].runs.size() != 1 || !same(run, s.logs[j].runs.back())) continue;
        ++repeated;
        break;
      }
    }
    if (repeated != s.logs[i].runs.size()) continue;
    set_role(s.runs[i], Role::duplicate, "a collection of the folder's other logs");
    decided[i] = true;
  }
}

// A log that only evaluates and another that trains with the same seed: two stages of one run, the evaluation has the
// claim.
void mark_stages_and_reruns(Submission& s, const std::vector<Decimal>& claims, std::vector<bool>& decided) {
  for (std::size_t i = 0; i < s.runs.size(); ++i) {
    if (decided[i] || !s.runs[i].seed) continue;
    const LogRun& run = s.last_run(s.runs[i]);
    for (std::size_t j = 0; j < s.runs.size() && !decided[i]; ++j) {
      if (i == j || decided[j] || s.runs[j].seed != s.runs[i].seed) continue;
      const LogRun& other = s.last_run(s.runs[j]);
      const bool claimed_here = run.val_bpb && agrees_with_any(claims, *run.val_bpb);
      const bool claimed_there = other.val_bpb && agrees_with_any(claims, *other.val_bpb);
      if (trains(run) && !trains(other) && other.val_bpb && (claimed_there || !claimed_here)) {
        set_role(s.runs[i], Role::training_stage,
                 "trains seed " + std::to_string(*s.runs[i].seed) + "; its evaluation is in " + s.logs[j].path);
        decided[i] = true;
      } else if (const SeedClaim* claim = seed_claim(s.metadata, s.runs[i].seed);
                 claim != nullptr && claim->val_bpb && run.val_bpb && other.val_bpb &&
                 !agree_as_printed(*claim->val_bpb, *run.val_bpb) &&
                 agree_as_printed(*claim->val_bpb, *other.val_bpb)) {
        set_role(s.runs[i], Role::rerun,
                 "another run of seed " + std::to_string(claim->seed) + "; the claimed one is " + s.logs[j].path);
        decided[i] = true;
      } else if (contains_ignore_case(s.logs[i].path, "rerun") && !contains_ignore_case(s.logs[j].path, "rerun")) {
        set_role(s.runs[i], Role::rerun, "named a rerun; the claimed run of this seed is " + s.logs[j].path);
        decided[i] = true;
      }
    }
  }
}

struct Anchor {
  double bpb;
  std::string why;
};

// The scores that mark the claimed configuration.
std::vector<Anchor> find_anchors(const Submission& s, const std::vector<std::size_t>& open,
                                 const std::vector<Decimal>& claims) {
  std::vector<Anchor> anchors;
  const auto score = [&](std::size_t i) { return *s.last_run(s.runs[i]).val_bpb; };
  for (const std::size_t i : open)
    if (agrees_with_any(claims, score(i))) anchors.push_back({score(i).value, "a claimed score"});
  if (!anchors.empty()) return anchors;
  if (!claims.empty()) {
    double sum = 0;
    for (const std::size_t i : open) sum += score(i).value;
    if (agrees_at_rounding(claims.back(), sum / static_cast<double>(open.size()))) {
      for (const std::size_t i : open)
        anchors.push_back({score(i).value, "a score whose mean with the others is the claim"});
      return anchors;
    }
    const double claim = claims.back().value;
    const auto nearest = std::min_element(open.begin(), open.end(), [&](std::size_t a, std::size_t b) {
      return std::abs(score(a).value - claim) < std::abs(score(b).value - claim);
    });
    return {{score(*nearest).value, "the run nearest to the claimed score"}};
  }
  for (const ReadmeHeadline& headline : s.readme_scores) {
    if (headline.val_bpb.decimals() < 3) continue;
    for (const std::size_t i : open)
      if (agree_as_printed(headline.val_bpb, score(i)))
        return {{score(i).value, fmt::format("the score in line {} of the README", headline.line)}};
  }
  return {};
}

bool reaches(const LogRun& run, std::string_view metric) {
  return run.metric_name == metric ||
         std::any_of(run.metrics.begin(), run.metrics.end(), [&](const MetricLine& m) { return m.name == metric; });
}

void recompute(Submission& s) {
  auto& r = s.recomputed = {};
  std::vector<double> bpb, loss;
  for (const SubmittedRun& run : s.runs) {
    const LogRun& last = s.last_run(run);
    if (run.role != Role::claim || !last.val_bpb) continue;
    bpb.push_back(last.val_bpb->value);
    if (last.val_loss) loss.push_back(last.val_loss->value);
  }
  r.n = static_cast<int>(bpb.size());
  const auto mean = [](const std::vector<double>& v) {
    double sum = 0;
    for (const double x : v) sum += x;
    return sum / static_cast<double>(v.size());
  };
  if (!loss.empty()) r.mean_loss = mean(loss);
  if (bpb.empty()) return;
  r.mean_bpb = mean(bpb);
  r.min_bpb = *std::min_element(bpb.begin(), bpb.end());
  r.max_bpb = *std::max_element(bpb.begin(), bpb.end());
  double squares = 0;
  for (const double x : bpb) squares += (x - *r.mean_bpb) * (x - *r.mean_bpb);
  if (bpb.size() < 2) return;
  r.std_bpb = std::sqrt(squares / static_cast<double>(bpb.size() - 1));
  r.population_std_bpb = std::sqrt(squares / static_cast<double>(bpb.size()));
}

// Where the claim is no mean of all runs of its configuration, but that of the declared seeds' runs: the others are
// further runs of it.
void prefer_declared_seeds(Submission& s) {
  const auto& claim = s.metadata.val_bpb;
  const std::set<std::int64_t> declared(s.metadata.seeds.begin(), s.metadata.seeds.end());
  if (!claim || declared.empty() || !s.recomputed.mean_bpb || agrees_at_rounding(*claim, *s.recomputed.mean_bpb))
    return;
  double sum = 0;
  std::set<std::int64_t> seen;
  std::vector<SubmittedRun*> others;
  for (SubmittedRun& run : s.runs) {
    const LogRun& last = s.last_run(run);
    if (run.role != Role::claim || !last.val_bpb) continue;
    if (!run.seed || !declared.count(*run.seed)) {
      others.push_back(&run);
      continue;
    }
    if (!seen.insert(*run.seed).second) return;
    sum += last.val_bpb->value;
  }
  if (seen.empty() || others.empty() || !agrees_at_rounding(*claim, sum / static_cast<double>(seen.size()))) return;
  for (SubmittedRun* run : others)
    set_role(*run, Role::rerun, "its seed is not declared, and the claim is the mean of the declared ones");
  recompute(s);
}

void split_claim_from_others(Submission& s, const std::vector<bool>& decided, const std::vector<Decimal>& claims) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < s.runs.size(); ++i)
    if (!decided[i] && s.last_run(s.runs[i]).val_bpb) open.push_back(i);
  if (open.empty()) return;
  const std::vector<Anchor> anchors = find_anchors(s, open, claims);
  std::string metric;  // the evaluation that the claim rests on
  for (const std::size_t i : open) {
    const LogRun& run = s.last_run(s.runs[i]);
    const auto near = std::min_element(anchors.begin(), anchors.end(), [&](const Anchor& a, const Anchor& b) {
      return std::abs(a.bpb - run.val_bpb->value) < std::abs(b.bpb - run.val_bpb->value);
    });
    const bool is_claim = near == anchors.end() || std::abs(near->bpb - run.val_bpb->value) <= kSameConfigurationBpb;
    if (is_claim) {
      set_role(s.runs[i], Role::claim,
               near == anchors.end() ? "no claim to compare with"
                                     : "within " + fmt::format("{}", kSameConfigurationBpb) + " bpb of " + near->why);
      if (metric.empty()) metric = run.metric_name;
    } else {
      set_role(s.runs[i], Role::other_config,
               fmt::format("{:.4f} bpb away from {}", std::abs(near->bpb - run.val_bpb->value), near->why));
    }
  }
  for (const std::size_t i : open)
    if (s.runs[i].role == Role::other_config && !reaches(s.last_run(s.runs[i]), metric))
      set_role(s.runs[i], Role::ablation, "has no " + metric + " line, on which the claim rests");
}

}  // namespace

const char* role_name(Role role) {
  switch (role) {
    case Role::claim:
      return "claim";
    case Role::duplicate:
      return "duplicate";
    case Role::ablation:
      return "ablation";
    case Role::other_config:
      return "other_config";
    case Role::training_stage:
      return "training_stage";
    case Role::rerun:
      return "rerun";
  }
  return "?";
}

const SeedClaim* seed_claim(const Metadata& metadata, std::optional<std::int64_t> seed) {
  for (const SeedClaim& claim : metadata.per_seed)
    if (seed && claim.seed == *seed) return &claim;
  return nullptr;
}

const SubmittedRun& training_run(const Submission& submission, const SubmittedRun& run) {
  if (submission.last_run(run).train_time_ms || !run.seed) return run;
  for (const SubmittedRun& other : submission.runs)
    if (other.role == Role::training_stage && other.seed == run.seed) return other;
  return run;
}

const LogRun& training_of(const Submission& submission, const SubmittedRun& run) {
  return submission.last_run(training_run(submission, run));
}

void sort_out_logs(Submission& s) {
  // Claims that a run log prints in a known form need no other file: a summary beside the logs is no log.
  std::vector<Decimal> open = claimed_scores(s.metadata);
  for (const LogFile& log : s.logs) {
    if (!log.is_run_log()) continue;
    for (const MetricLine& metric : log.runs.back().metrics)
      std::erase_if(open, [&](const Decimal& claim) { return agree_as_printed(claim, metric.val_bpb); });
  }
  const auto holds_open_claim = [&](const LogFile& log) {
    return !log.runs.empty() &&
           std::any_of(log.runs.back().mentions.begin(), log.runs.back().mentions.end(),
                       [&](const ScoreMention& m) { return surely_agrees_with_any(open, m.val_bpb); });
  };
  std::vector<LogFile> logs;
  for (LogFile& log : s.logs) {
    if (log.is_run_log() || holds_open_claim(log))
      logs.push_back(std::move(log));
    else
      s.not_logs.push_back(log.path);
  }
  s.logs = std::move(logs);
}

std::optional<std::int64_t> seed_in_name(std::string_view path) {
  const std::string name = to_lower(path.substr(path.rfind('/') + 1));
  const auto number_at = [&](std::size_t i) -> std::optional<std::int64_t> {
    const std::size_t end = std::min(name.find_first_not_of("0123456789", i), name.size());
    return parse_int(std::string_view(name).substr(i, end - i));
  };
  if (std::size_t at = name.find("seed"); at != std::string::npos) {
    at += 4;
    while (at < name.size() && (name[at] == '_' || name[at] == '-')) ++at;
    return at < name.size() ? number_at(at) : std::nullopt;
  }
  for (std::size_t at = name.find("_s"); at != std::string::npos; at = name.find("_s", at + 1))
    if (const auto seed = at + 2 < name.size() ? number_at(at + 2) : std::nullopt) return seed;
  return std::nullopt;
}

void assign_roles(Submission& s) {
  const std::vector<Decimal> claims = claimed_scores(s.metadata);
  follow_mean(s);
  s.runs.clear();
  for (std::size_t i = 0; i < s.logs.size(); ++i) {
    LogRun& last = s.logs[i].runs.back();
    follow_claim(last, claims);
    SubmittedRun run;
    run.log = i;
    run.seed_in_name = seed_in_name(s.logs[i].path);
    // An evaluation prints the seed of the evaluating process; whose model it evaluates is in the name.
    run.seed = last.seed && (trains(last) || !run.seed_in_name) ? last.seed.value : run.seed_in_name;
    run.role_reason = "has no score to compare";
    s.runs.push_back(std::move(run));
  }
  std::vector<bool> decided(s.runs.size(), false);
  mark_duplicates(s, decided);
  mark_collections(s, decided);
  mark_stages_and_reruns(s, claims, decided);
  split_claim_from_others(s, decided, claims);
  recompute(s);
  prefer_declared_seeds(s);
}

}  // namespace pg::verify

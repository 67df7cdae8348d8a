#include "verify/report/words.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

std::string join(const std::vector<std::string>& parts, const char* between = ", ") {
  return fmt::format("{}", fmt::join(parts, between));
}

Longest longest(const Submission& s, const auto& time_of) {
  Longest best;
  for (const Role role : {Role::claim, Role::training_stage}) {
    for (const SubmittedRun& run : s.runs) {
      if (run.role != role || s.logs[run.log].runs.empty()) continue;
      const std::optional<std::int64_t> ms = time_of(s.last_run(run));
      if (!ms) continue;
      ++best.runs;
      if (!best.ms || *ms > *best.ms) best = {ms, s.logs[run.log].path, best.runs};
    }
    if (best.ms) break;
  }
  return best;
}

void add_score(std::vector<Fact>& out, const Submission& s) {
  const auto& claimed = s.metadata.val_bpb;
  const auto& r = s.recomputed;
  std::string text = claimed ? fmt::format("claimed {} bpb", escape_line(claimed->text, 30)) : "no score claimed";
  if (!r.mean_bpb) {
    out.push_back({"score", text + "; no log of the folder gives one"});
    return;
  }
  text += fmt::format("; the logs give {:.8f}", *r.mean_bpb);
  if (r.n == 1) text += " from one run";
  if (r.n > 1) text += fmt::format(" over {} runs", r.n);
  if (r.std_bpb) text += fmt::format(", std {:.6f}", *r.std_bpb);
  out.push_back({"score", text});
}

void add_size(std::vector<Fact>& out, const Submission& s, const Policy& policy) {
  const SizeTable sizes = size_table(s);
  const std::optional<SizeReading>& deciding = sizes.under(policy.size_convention);
  std::vector<std::string> others;
  int agreeing = 0;
  for (const auto convention :
       {SizeConvention::as_logged, SizeConvention::as_shipped, SizeConvention::as_packed, SizeConvention::reachable}) {
    const std::optional<SizeReading>& size = sizes.under(convention);
    if (convention == policy.size_convention || !size) continue;
    if (deciding && size->bytes == deciding->bytes)
      ++agreeing;
    else
      others.push_back(fmt::format("{} {}{}", convention_name(convention), with_commas(size->bytes),
                                   size->bytes > policy.limit_bytes ? " (over)" : ""));
  }
  const char* all = agreeing > 0 && others.empty() ? "; other readings agree" : "";
  const std::string text =
      !deciding ? "unknown: no log of the claimed runs prints it" : size_margin(deciding->bytes, policy.limit_bytes);
  out.push_back({"size", text + fmt::format(" ({}{}{})", convention_name(policy.size_convention),
                                            sizes.from_claim ? ", as claimed: no log prints it" : "", all)});
  if (!others.empty()) out.push_back({"", "other readings: " + join(others)});
}

// A duration against its limit; up to `tolerance_ms` behind it is accepted.
void add_time(std::vector<Fact>& out, const char* label, const Longest& time, std::int64_t limit_ms,
              std::int64_t tolerance_ms, bool binding) {
  if (!time.ms) {
    out.push_back({label, "not in the logs of the claim"});
    return;
  }
  const double seconds = static_cast<double>(*time.ms) / 1000, limit = static_cast<double>(limit_ms) / 1000;
  std::string text;
  if (!binding)
    text = fmt::format("{:.1f} s (the limit of {:g} s binds the record track only)", seconds, limit);
  else if (*time.ms <= limit_ms)
    text = fmt::format("{:.1f} s of {:g}, {:.1f} s left", seconds, limit, limit - seconds);
  else if (*time.ms - limit_ms <= tolerance_ms)
    text = fmt::format("{:.3f} s of {:g}, the last step ends {:.3f} s behind it (up to {:g} is accepted)", seconds,
                       limit, seconds - limit, static_cast<double>(tolerance_ms) / 1000);
  else
    text = fmt::format("{:.3f} s of {:g}, {:.3f} s too long", seconds, limit, seconds - limit);
  if (time.runs > 1) text += fmt::format(", longest of {} runs: {}", time.runs, escape_line(time.log, 60));
  out.push_back({label, text});
}

}  // namespace

std::string plural(int n, std::string_view word) {
  return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
}

const char* verdict_words(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "PASS";
    case Verdict::fail:
      return "FAIL";
    default:
      return "CANNOT TELL";
  }
}

std::string counts_in_words(const Counts& c) {
  std::vector<std::string> parts;
  if (c.errors > 0) parts.push_back(plural(c.errors, "error"));
  if (c.inconclusive > 0) parts.push_back(fmt::format("{} undecided", c.inconclusive));
  if (c.warnings > 0) parts.push_back(plural(c.warnings, "warning"));
  if (c.infos > 0) parts.push_back(plural(c.infos, "info"));
  parts.push_back(fmt::format("{} passed", c.pass));
  if (c.unproved > 0) parts.push_back(fmt::format("{} read without a finding", c.unproved));
  return join(parts);
}

Longest longest_training(const Submission& s) {
  return longest(s, [](const LogRun& run) { return run.train_time_ms.value; });
}

Longest longest_evaluation(const Submission& s) {
  return longest(s, [](const LogRun& run) { return run.eval_time_ms; });
}

std::vector<Fact> margins(const Report& report) {
  const Submission& s = report.submission;
  const Policy& p = report.policy;
  const bool binding = s.track.empty() || s.is_record_track();
  std::vector<Fact> facts;
  add_score(facts, s);
  add_size(facts, s, p);
  add_time(facts, "train", longest_training(s), p.train_limit_ms, p.last_step_tolerance_ms, binding);
  add_time(facts, "eval", longest_evaluation(s), p.eval_limit_ms, 0, binding);
  return facts;
}

int gravity(Verdict verdict, Severity severity) {
  if (severity == Severity::error) return verdict == Verdict::inconclusive ? 1 : 0;
  return severity == Severity::warning ? 2 : 3;
}

std::vector<const RuleResult*> findings(const Report& report) {
  std::vector<const RuleResult*> out;
  for (const RuleResult& r : report.results)
    if (r.verdict == Verdict::fail || r.verdict == Verdict::inconclusive) out.push_back(&r);
  std::stable_sort(out.begin(), out.end(), [](const RuleResult* a, const RuleResult* b) {
    return gravity(a->verdict, a->severity) < gravity(b->verdict, b->severity);
  });
  return out;
}

std::vector<FindingGroup> finding_groups(const Report& report) {
  std::vector<FindingGroup> groups;
  for (const RuleResult* r : findings(report)) {
    const auto same = [&](const FindingGroup& group) {
      const RuleResult& first = *group.front();
      return r->evidence.empty() && first.evidence.empty() && r->verdict == first.verdict &&
             r->severity == first.severity && r->id != group.back()->id && r->message == first.message &&
             r->help == first.help && r->observed == first.observed;
    };
    const auto known = r->evidence.empty() ? std::find_if(groups.begin(), groups.end(), same) : groups.end();
    if (known == groups.end())
      groups.push_back({r});
    else
      known->push_back(r);
  }
  return groups;
}

std::string joined_ids(const FindingGroup& group) {
  std::vector<std::string> ids;
  for (const RuleResult* r : group) ids.push_back(escape_line(r->id, 60));
  return join(ids);
}

const char* finding_kind(Verdict verdict, Severity severity) {
  if (verdict != Verdict::inconclusive) return to_string(severity);
  return severity == Severity::info ? "unproved" : "undecided";
}

const char* finding_kind(const RuleResult& result) {
  return finding_kind(result.verdict, result.severity);
}

bool is_shipped(const Report& report, const std::string& file) {
  const auto& files = report.submission.folder.files;
  return std::any_of(files.begin(), files.end(), [&](const FileEntry& entry) { return entry.path == file; });
}

std::string place_in_words(const Evidence& e) {
  std::string text = escape_line(e.file, 80);
  if (e.line > 0) text += fmt::format(":{}", e.line);
  if (e.decoded_line > 0) text += fmt::format(" (decoded line {})", e.decoded_line);
  return text;
}

std::string quantities_in_words(const RuleResult& r) {
  std::vector<std::string> parts;
  if (!r.observed.empty()) parts.push_back("observed " + escape_line(r.observed, 200));
  if (!r.required.empty()) parts.push_back("required " + escape_line(r.required, 200));
  if (!r.margin.empty()) parts.push_back("margin " + escape_line(r.margin, 100));
  return join(parts, "; ");
}

std::string rule_family(std::string_view id) {
  const std::size_t begin = id.find('-') + 1;
  return std::string(id.substr(begin, id.find('-', begin) - begin));
}

}  // namespace pg::verify

#include "verify/report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "reference/base/text.h"
#include "verify/report/layout.h"
#include "verify/report/statistics.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxEvidence = 3;
constexpr std::size_t kMaxInfos = 4;  // two lines each: a clean submission still fits one screen
constexpr std::size_t kMaxInfoText = 130;

std::string plural(int n, std::string_view word) {
  return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
}

std::string join(const std::vector<std::string>& parts, const char* between = ", ") {
  return fmt::format("{}", fmt::join(parts, between));
}

std::string verdict_label(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "PASS";
    case Verdict::fail:
      return "FAIL";
    default:
      return "CANNOT TELL";
  }
}

Style verdict_style(Verdict verdict) {
  return verdict == Verdict::pass ? Style::good : verdict == Verdict::fail ? Style::bad : Style::caution;
}

void write_verdict(Layout& out, const Report& report) {
  const Counts c = count(report.results);
  std::vector<std::string> parts;
  if (c.errors > 0) parts.push_back(plural(c.errors, "error"));
  if (c.inconclusive > 0) parts.push_back(fmt::format("{} undecided", c.inconclusive));
  if (c.warnings > 0) parts.push_back(plural(c.warnings, "warning"));
  if (c.infos > 0) parts.push_back(plural(c.infos, "info"));
  parts.push_back(fmt::format("{} passed", c.pass));
  out.cut(out.styled(verdict_label(report.verdict), verdict_style(report.verdict)) + "  " +
          out.styled(escape_line(report.submission.name, 80), Style::strong));
  out.line("  " + join(parts));
}

void write_score(Layout& out, const Submission& s) {
  const auto& claimed = s.metadata.val_bpb;
  const auto& r = s.recomputed;
  std::string text = claimed ? fmt::format("claimed {} bpb", escape_line(claimed->text, 30)) : "no score claimed";
  if (!r.mean_bpb) {
    out.field("score", text + "; no log of the folder gives one");
    return;
  }
  text += fmt::format("; the logs give {:.8f}", *r.mean_bpb);
  if (r.n == 1) text += " from one run";
  if (r.n > 1) text += fmt::format(" over {} runs", r.n);
  if (r.std_bpb) text += fmt::format(", std {:.6f}", *r.std_bpb);
  out.field("score", text);
}

void write_size(Layout& out, const Submission& s, const Policy& policy) {
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
  out.field("size", text + fmt::format(" ({}{}{})", convention_name(policy.size_convention),
                                       sizes.from_claim ? ", as claimed: no log prints it" : "", all));
  if (!others.empty()) out.field("", "other readings: " + join(others));
}

// The longest of the runs that back the claim, in ms, and its log.
struct Longest {
  std::optional<std::int64_t> ms;
  std::string log;
  int runs = 0;
};

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

// A duration against its limit; up to `tolerance_ms` behind it is accepted.
void write_time(Layout& out, const char* label, const Longest& time, std::int64_t limit_ms, std::int64_t tolerance_ms,
                bool binding) {
  if (!time.ms) {
    out.field(label, "not in the logs of the claim");
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
  out.field(label, text);
}

std::string place(const Evidence& e) {
  std::string text = escape_line(e.file, 80);
  if (e.line > 0) text += fmt::format(":{}", e.line);
  if (e.decoded_line > 0) text += fmt::format(" (decoded line {})", e.decoded_line);
  return text;
}

// Observed, required and margin, where the message alone does not carry them.
std::string quantities(const RuleResult& r) {
  std::vector<std::string> parts;
  if (!r.observed.empty()) parts.push_back("observed " + escape_line(r.observed, 200));
  if (!r.required.empty()) parts.push_back("required " + escape_line(r.required, 200));
  if (!r.margin.empty()) parts.push_back("margin " + escape_line(r.margin, 100));
  return join(parts, "; ");
}

void write_finding(Layout& out, const RuleResult& r, std::string_view label, Style style) {
  out.hanging(out.styled(std::string(label), style) + " " + out.styled(r.id, Style::strong) + "  ",
              label.size() + r.id.size() + 3, escape_line(r.message, 600));
  if (const std::string q = quantities(r); !q.empty()) out.indented(q);
  for (std::size_t i = 0; i < std::min(r.evidence.size(), kMaxEvidence); ++i) {
    const Evidence& e = r.evidence[i];
    out.cut("    " + place(e) + (e.text.empty() ? "" : ": " + escape_line(trim(e.text))));
  }
  if (r.evidence.size() > kMaxEvidence) out.line(fmt::format("    ... and {} more", r.evidence.size() - kMaxEvidence));
  if (!r.help.empty()) out.indented("fix: " + escape_line(r.help, 600));
  out.line(out.styled(fmt::format("    more: pgverify explain {}", r.id), Style::faint));
}

bool is_failure(const RuleResult& r, Severity severity) {
  return r.verdict == Verdict::fail && r.severity == severity;
}

void write_findings(Layout& out, const Report& report) {
  const auto each = [&](const auto& wanted, std::string_view label, Style style) {
    for (const RuleResult& r : report.results)
      if (wanted(r)) {
        out.line("");
        write_finding(out, r, label, style);
      }
  };
  each([](const RuleResult& r) { return is_failure(r, Severity::error); }, "error", Style::bad);
  each([](const RuleResult& r) { return r.verdict == Verdict::inconclusive; }, "undecided", Style::caution);
  each([](const RuleResult& r) { return is_failure(r, Severity::warning); }, "warning", Style::caution);
  std::vector<const RuleResult*> infos;
  for (const RuleResult& r : report.results)
    if (is_failure(r, Severity::info)) infos.push_back(&r);
  if (!infos.empty()) out.line("");
  for (std::size_t i = 0; i < std::min(infos.size(), kMaxInfos); ++i) {  // facts, nothing to mend
    const RuleResult& r = *infos[i];
    const std::string where = r.evidence.empty() ? "" : " (" + place(r.evidence.front()) + ")";
    out.hanging(out.styled("info", Style::faint) + " " + r.id + "  ", r.id.size() + 7,
                escape_line(r.message, kMaxInfoText) + where);
  }
  if (infos.size() > kMaxInfos)
    out.line(fmt::format("... and {} more; --format json has all", infos.size() - kMaxInfos));
}

// "PG-SIZE-CAP" -> "SIZE".
std::string family(const std::string& id) {
  const std::size_t begin = id.find('-') + 1;
  return id.substr(begin, id.find('-', begin) - begin);
}

// Passes in one line: how many of each family.
void write_passes(Layout& out, const Report& report) {
  std::vector<std::pair<std::string, int>> families;
  std::vector<std::string> not_applicable;
  int passed = 0;
  for (const RuleResult& r : report.results) {
    if (r.verdict == Verdict::not_applicable) not_applicable.push_back(r.id);
    if (r.verdict != Verdict::pass) continue;
    ++passed;
    const auto known = std::find_if(families.begin(), families.end(), [&](auto& f) { return f.first == family(r.id); });
    if (known == families.end())
      families.emplace_back(family(r.id), 1);
    else
      ++known->second;
  }
  out.line("");
  std::vector<std::string> parts;
  for (const auto& [name, n] : families) parts.push_back(fmt::format("{} {}", name, n));
  if (passed > 0) out.cut(fmt::format("passed {}: {}", passed, join(parts)));
  if (!not_applicable.empty())
    out.cut(fmt::format("not applicable {}: {}", not_applicable.size(), join(not_applicable)));
}

}  // namespace

std::string report_text(const Report& report, const TextOptions& options) {
  Layout out(options.color);
  if (!report.error.empty()) {
    out.line(out.styled("CANNOT TELL", Style::caution) + "  " + escape_line(report.submission.name, 80));
    out.indented(escape_line(report.error, 1000));
    return out.take();
  }
  write_verdict(out, report);
  if (options.quiet) return out.take();
  const Submission& s = report.submission;
  const bool binding = s.track.empty() || s.is_record_track();
  out.cut(fmt::format("  track {}, policy {}", s.track.empty() ? "unknown" : escape_line(s.track, 40),
                      escape_line(report.policy.name, 40)));
  out.line("");
  write_score(out, s);
  write_size(out, s, report.policy);
  const Policy& p = report.policy;
  write_time(out, "train", longest(s, [](const LogRun& run) { return run.train_time_ms.value; }), p.train_limit_ms,
             p.last_step_tolerance_ms, binding);
  write_time(out, "eval", longest(s, [](const LogRun& run) { return run.eval_time_ms; }), p.eval_limit_ms, 0, binding);
  write_gains(out, report);
  write_findings(out, report);
  write_passes(out, report);
  out.line("Not examined: causality (C1 to C4). Sizes and scores are as logged; no artifact was re-measured.");
  return out.take();
}

}  // namespace pg::verify

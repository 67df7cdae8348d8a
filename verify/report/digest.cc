#include "verify/report/digest.h"

#include <algorithm>

#include "reference/base/text.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxText = 600;      // code points of a message or an advice
constexpr std::size_t kMaxPath = 300;      // and of a path: a cut path would point nowhere
constexpr std::size_t kMaxQuoted = 160;    // and of a line of evidence
constexpr std::size_t kMaxEvidence = 3;    // places per finding
constexpr std::size_t kMaxFindings = 200;  // per folder; more than any rule set gives

Finding finding_of(const Report& report, const FindingGroup& group) {
  const RuleResult& r = *group.front();
  Finding f;
  for (const RuleResult* one : group) f.ids.push_back(escape_line(one->id, 60));
  f.verdict = r.verdict;
  f.severity = r.severity;
  f.message = escape_line(r.message, kMaxText);
  f.quantities = quantities_in_words(r);
  f.help = escape_line(r.help, kMaxText);
  for (std::size_t i = 0; i < std::min(r.evidence.size(), kMaxEvidence); ++i) {
    const Evidence& e = r.evidence[i];
    f.evidence.push_back(
        {escape_line(e.file, kMaxPath), e.line, escape_line(trim(e.text), kMaxQuoted), e.decoded_line});
  }
  for (const Evidence& e : r.evidence) {
    if (!is_shipped(report, e.file)) continue;
    f.file = escape_line(e.file, kMaxPath);
    f.line = e.line;
    f.decoded_line = e.decoded_line;
    break;
  }
  f.evidence_omitted = r.evidence.size() - f.evidence.size();
  return f;
}

}  // namespace

Digest digest(const Report& report) {
  const Submission& s = report.submission;
  Digest d;
  d.name = escape_line(s.name, 120);
  d.folder = escape_line(report.run.repository_path.empty() ? report.run.folder : report.run.repository_path, kMaxPath);
  d.track = escape_line(s.track, 40);
  d.policy = escape_line(report.policy.name, 40);
  d.error = escape_line(report.error, 1000);
  d.verdict = report.verdict;
  if (!report.error.empty()) return d;
  d.counts = count(report.results);
  d.facts = margins(report);
  if (s.metadata.val_bpb) d.claimed_bpb = escape_line(s.metadata.val_bpb->text, 30);
  d.mean_bpb = s.recomputed.mean_bpb;
  const SizeTable sizes = size_table(s);
  if (const auto& size = sizes.under(report.policy.size_convention)) {
    d.bytes = size->bytes;
    d.bytes_left = report.policy.limit_bytes - size->bytes;
  }
  d.train_ms = longest_training(s).ms;
  d.eval_ms = longest_evaluation(s).ms;
  for (const FindingGroup& group : finding_groups(report))
    if (d.findings.size() < kMaxFindings) d.findings.push_back(finding_of(report, group));
  return d;
}

int gravity(const Digest& d) {
  if (!d.error.empty() || d.verdict == Verdict::fail) return 0;
  return d.verdict == Verdict::inconclusive ? 1 : 2;
}

}  // namespace pg::verify

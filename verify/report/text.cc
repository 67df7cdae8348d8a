#include "verify/report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "reference/base/text.h"
#include "verify/report/layout.h"
#include "verify/report/statistics.h"
#include "verify/report/words.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxEvidence = 3;
constexpr std::size_t kMaxInfos = 4;  // two lines each: a clean submission still fits one screen
constexpr std::size_t kMaxInfoText = 130;

std::string join(const std::vector<std::string>& parts, const char* between = ", ") {
  return fmt::format("{}", fmt::join(parts, between));
}

Style verdict_style(Verdict verdict) {
  return verdict == Verdict::pass ? Style::good : verdict == Verdict::fail ? Style::bad : Style::caution;
}

void write_verdict(Layout& out, const Report& report) {
  out.cut(out.styled(verdict_words(report.verdict), verdict_style(report.verdict)) + "  " +
          out.styled(escape_line(report.submission.name, 80), Style::strong));
  out.line("  " + counts_in_words(count(report.results)));
}

void write_finding(Layout& out, const FindingGroup& group, Style style) {
  const RuleResult& r = *group.front();
  const std::string label = finding_kind(r), ids = joined_ids(group);
  out.hanging(out.styled(label, style) + " " + out.styled(ids, Style::strong) + "  ", label.size() + ids.size() + 3,
              escape_line(r.message, 600));
  if (const std::string q = quantities_in_words(r); !q.empty()) out.indented(q);
  for (std::size_t i = 0; i < std::min(r.evidence.size(), kMaxEvidence); ++i) {
    const Evidence& e = r.evidence[i];
    out.cut("    " + place_in_words(e) + (e.text.empty() ? "" : ": " + escape_line(trim(e.text))));
  }
  if (r.evidence.size() > kMaxEvidence) out.line(fmt::format("    ... and {} more", r.evidence.size() - kMaxEvidence));
  if (!r.help.empty()) out.indented("fix: " + escape_line(r.help, 600));
  out.line(out.styled(fmt::format("    more: pgverify explain {}", r.id), Style::faint));
}

// A fact, nothing to mend: a line or two.
void write_info(Layout& out, const FindingGroup& group) {
  const RuleResult& r = *group.front();
  const std::string kind = finding_kind(r);
  if (group.size() > 1) {
    out.hanging(out.styled(kind, Style::faint) + " ", kind.size() + 1,
                fmt::format("{}  {}", joined_ids(group), escape_line(r.message, kMaxInfoText)));
    return;
  }
  const std::string where = r.evidence.empty() ? "" : " (" + place_in_words(r.evidence.front()) + ")";
  out.hanging(out.styled(kind, Style::faint) + " " + r.id + "  ", kind.size() + r.id.size() + 3,
              escape_line(r.message, kMaxInfoText) + where);
}

void write_findings(Layout& out, const Report& report) {
  std::size_t infos = 0;
  for (const FindingGroup& group : finding_groups(report)) {
    const int weight = gravity(group.front()->verdict, group.front()->severity);
    if (weight < 3 || infos == 0) out.line("");
    if (weight < 3)
      write_finding(out, group, weight == 0 ? Style::bad : Style::caution);
    else if (++infos <= kMaxInfos)
      write_info(out, group);
  }
  if (infos > kMaxInfos) out.line(fmt::format("... and {} more; --format json has all", infos - kMaxInfos));
}

// "not applicable 9: PG-A, PG-B and 7 more" in one line: a rule's id is whole or not there.
std::string ids_in_a_line(const std::string& head, const std::vector<std::string>& ids) {
  std::string line = head;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string next = (i == 0 ? "" : ", ") + ids[i], left = fmt::format(" and {} more", ids.size() - i - 1);
    const bool last = i + 1 == ids.size();
    if (columns_of(line) + columns_of(next) + (last ? 0 : left.size()) > kColumns)
      return line + fmt::format(" and {} more", ids.size() - i);
    line += next;
  }
  return line;
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
    const auto known =
        std::find_if(families.begin(), families.end(), [&](auto& f) { return f.first == rule_family(r.id); });
    if (known == families.end())
      families.emplace_back(rule_family(r.id), 1);
    else
      ++known->second;
  }
  out.line("");
  std::vector<std::string> parts;
  for (const auto& [name, n] : families) parts.push_back(fmt::format("{} {}", name, n));
  if (passed > 0) out.cut(fmt::format("passed {}: {}", passed, join(parts)));
  if (!not_applicable.empty())
    out.line(ids_in_a_line(fmt::format("not applicable {}: ", not_applicable.size()), not_applicable));
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
  out.cut(fmt::format("  track {}, policy {}", s.track.empty() ? "unknown" : escape_line(s.track, 40),
                      escape_line(report.policy.name, 40)));
  out.line("");
  for (const Fact& fact : margins(report)) out.field(fact.label, fact.text);
  write_gains(out, report);
  write_findings(out, report);
  write_passes(out, report);
  out.line(kNotExamined);
  return out.take();
}

}  // namespace pg::verify

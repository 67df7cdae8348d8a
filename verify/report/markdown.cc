#include "verify/report/markdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <string_view>
#include <tuple>

#include "reference/base/text.h"
#include "verify/report/escape.h"
#include "verify/report/rule_pages.h"

namespace pg::verify {
namespace {

// A tool that updates its own comment looks for this line.
constexpr std::string_view kMarker = "<!-- pgverify -->\n";
constexpr std::size_t kNoticeRoom = 400;  // for the closing lines

std::string with_commas_n(std::size_t n) {
  return with_commas(static_cast<std::int64_t>(n));
}

const char* badge(const Digest& d) {
  switch (gravity(d)) {
    case 0:
      return d.error.empty() ? "❌ FAIL" : "❌ NOT EXAMINED";
    case 1:
      return "❔ CANNOT TELL";
    default:
      return "✅ PASS";
  }
}

std::string rule_link(const std::string& id, const MarkdownOptions& options) {
  const std::string url = rule_page_url(options.docs_url, id);
  return url.empty() ? escape_markdown(id) : fmt::format("[{}]({})", escape_markdown(id), url);
}

std::string seconds(const std::optional<std::int64_t>& ms) {
  return ms ? fmt::format("{:.1f} s", static_cast<double>(*ms) / 1000) : "";
}

std::string headline(const std::vector<Digest>& digests) {
  if (digests.size() == 1)
    return fmt::format("## pgverify: {} {}\n\n", badge(digests[0]), escape_markdown(digests[0].name));
  std::size_t verdicts[3] = {}, errors = 0;
  for (const Digest& d : digests) {
    if (!d.error.empty())
      ++errors;
    else
      ++verdicts[gravity(d)];
  }
  std::string out =
      fmt::format("## pgverify: {} folders\n\n{} pass, {} fail, {} cannot be told", with_commas_n(digests.size()),
                  with_commas_n(verdicts[2]), with_commas_n(verdicts[0]), with_commas_n(verdicts[1]));
  if (errors > 0) out += fmt::format(", {} could not be examined", with_commas_n(errors));
  return out + ".\n\n";
}

std::string table_row(const Digest& d) {
  std::string score = d.mean_bpb && std::isfinite(*d.mean_bpb) ? fmt::format("{:.6f}", *d.mean_bpb) : "";
  if (!d.mean_bpb && !d.claimed_bpb.empty()) score = escape_markdown(d.claimed_bpb) + " claimed";
  std::string size = d.bytes ? with_commas(*d.bytes) : "";
  if (d.bytes_left) size += *d.bytes_left < 0 ? " (over)" : "";
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", badge(d), escape_markdown(d.name), score, size,
                     seconds(d.train_ms), seconds(d.eval_ms),
                     d.error.empty() ? counts_in_words(d.counts) : escape_markdown(d.error));
}

// Of the table of rules.
constexpr const char* kKinds[] = {"error", "undecided", "warning", "info", "unproved"};
constexpr std::size_t kKindCount = std::size(kKinds);

std::size_t column(const Finding& f) {
  const std::string_view kind = finding_kind(f.verdict, f.severity);
  return static_cast<std::size_t>(std::find(std::begin(kKinds), std::end(kKinds) - 1, kind) - std::begin(kKinds));
}

std::string rules_table(const std::vector<Digest>& digests, const MarkdownOptions& options) {
  std::map<std::string, std::array<std::size_t, kKindCount>> rules;  // id -> folders by column
  for (const Digest& d : digests) {
    std::map<std::string, std::array<bool, kKindCount>> seen;
    for (const Finding& f : d.findings)
      for (const std::string& id : f.ids) seen[id][column(f)] = true;
    for (const auto& [id, kinds] : seen)
      for (std::size_t k = 0; k < kKindCount; ++k) rules[id][k] += kinds[k] ? 1 : 0;
  }
  if (rules.empty()) return "";
  std::vector<std::pair<std::string, std::array<std::size_t, kKindCount>>> rows(rules.begin(), rules.end());
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string out = "\n### Folders per rule\n\n| rule |", rule = "\n| --- |";
  for (const char* kind : kKinds) {
    out += fmt::format(" {} |", kind);
    rule += " ---: |";
  }
  out += rule + "\n";
  for (const auto& [id, n] : rows) {
    out += fmt::format("| {} |", rule_link(id, options));
    for (const std::size_t folders : n) out += fmt::format(" {} |", with_commas_n(folders));
    out += "\n";
  }
  return out;
}

std::string finding_item(const Finding& f, const MarkdownOptions& options) {
  std::string ids;
  for (const std::string& id : f.ids) ids += (ids.empty() ? "" : ", ") + rule_link(id, options);
  std::string out = fmt::format("- **{}** {}: {}\n", kKinds[column(f)], ids, escape_markdown(f.message));
  if (!f.quantities.empty()) out += "  - " + escape_markdown(f.quantities) + "\n";
  for (const Evidence& e : f.evidence)
    out += "  - " + code_span(place_in_words(e)) + (e.text.empty() ? "" : " " + code_span(e.text)) + "\n";
  if (f.evidence_omitted > 0) out += fmt::format("  - and {} more places\n", f.evidence_omitted);
  if (!f.help.empty()) out += "  - fix: " + escape_markdown(f.help) + "\n";
  return out;
}

// The headline of a folder's own section and its margins.
std::string folder_head(const Digest& d, bool alone) {
  std::string out;
  if (!alone) out += fmt::format("\n### {} {}\n\n", badge(d), escape_markdown(d.name));
  if (!d.error.empty()) return out + escape_markdown(d.error) + "\n";
  out += fmt::format("{}; track {}, policy {}\n\n", counts_in_words(d.counts),
                     d.track.empty() ? "unknown" : escape_markdown(d.track), escape_markdown(d.policy));
  for (const Fact& fact : d.facts)
    out += fact.label.empty() ? "  - " + escape_markdown(fact.text) + "\n"
                              : fmt::format("- {}: {}\n", fact.label, escape_markdown(fact.text));
  if (!d.findings.empty()) out += "\n";
  return out;
}

// Collects pieces up to a size; a piece that does not fit is refused whole.
class Budget {
 public:
  explicit Budget(std::size_t max) : max_(max) {}
  bool add(std::string_view piece) {
    if (out_.size() + piece.size() > max_) return false;
    out_ += piece;
    return true;
  }
  std::string take() { return std::move(out_); }

 private:
  std::size_t max_;
  std::string out_;
};

// Returns how many findings did not fit; they are in order of gravity, so the lightest go first.
std::size_t write_folder(Budget& out, const Digest& d, bool alone, const MarkdownOptions& options) {
  std::size_t left_out = 0;
  if (!out.add(folder_head(d, alone))) return d.findings.size();
  for (const Finding& f : d.findings)
    if (left_out > 0 || !out.add(finding_item(f, options))) ++left_out;
  return left_out;
}

}  // namespace

std::string markdown(std::vector<Digest> digests, const MarkdownOptions& options) {
  if (digests.empty()) return "";
  std::stable_sort(digests.begin(), digests.end(),
                   [](const Digest& a, const Digest& b) { return gravity(a) < gravity(b); });
  const bool alone = digests.size() == 1;
  Budget out(options.max_bytes - std::min(options.max_bytes, kNoticeRoom));
  out.add(kMarker);
  out.add(headline(digests));
  std::size_t rows_left_out = 0, folders_left_out = 0, findings_left_out = 0;
  if (!alone) {
    const std::string rules = rules_table(digests, options);
    Budget table(options.max_bytes - std::min(options.max_bytes, kNoticeRoom + 1000 + rules.size()));
    table.add(
        "| verdict | folder | bpb | bytes | training | evaluation | findings |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | --- |\n");
    for (const Digest& d : digests)
      if (rows_left_out > 0 || !table.add(table_row(d))) ++rows_left_out;
    out.add(table.take());
    out.add(rules);
  }
  for (const Digest& d : digests) {
    if (!alone && d.findings.empty()) continue;  // the table says all there is
    const std::size_t left_out = folders_left_out > 0 ? d.findings.size() : write_folder(out, d, alone, options);
    findings_left_out += left_out;
    if (left_out > 0) ++folders_left_out;
  }
  std::string text = out.take();
  text += fmt::format("\n{}\n", kNotExamined);
  if (rows_left_out + findings_left_out > 0) {
    text += "\n**Cut to fit:**";
    if (rows_left_out > 0) text += fmt::format(" {} folders are missing from the table;", with_commas_n(rows_left_out));
    if (findings_left_out > 0)
      text += fmt::format(" {} findings of {} folders are not shown;", with_commas_n(findings_left_out),
                          with_commas_n(folders_left_out));
    text += " `--format json` has all.\n";
  }
  return text;
}

}  // namespace pg::verify

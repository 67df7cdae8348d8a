#include "verify/report/html_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "verify/report/escape.h"
#include "verify/report/rule_pages.h"
#include "verify/report/words.h"
#include "verify/submission/roles.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxFindings = 200, kMaxEvidence = 20, kMaxRuns = 50, kMaxFiles = 200, kMaxCode = 50;

// Text of a submission for the page.
std::string shown(std::string_view raw, std::size_t max = 200) {
  return escape_markup(escape_line(raw, max));
}

std::string section(std::string_view title, std::string_view inside) {
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", title, inside);
}

std::string table(std::string_view head, std::string_view rows) {
  return fmt::format("<div class=\"scroll\"><table>\n<tr>{}</tr>\n{}</table></div>\n", head, rows);
}

std::string more(std::size_t all, std::size_t shown_of_them, std::string_view what) {
  return all > shown_of_them
             ? fmt::format("<p class=\"faint\">and {} more {}; --format json has all</p>\n", all - shown_of_them, what)
             : "";
}

std::string rule_link(const std::string& id, const std::string& docs_url) {
  const std::string url = rule_page_url(docs_url, id);
  return url.empty() ? shown(id, 60) : fmt::format("<a href=\"{}\">{}</a>", escape_markup(url), shown(id, 60));
}

std::string evidence_table(const RuleResult& r) {
  std::string rows;
  for (std::size_t i = 0; i < std::min(r.evidence.size(), kMaxEvidence); ++i) {
    const Evidence& e = r.evidence[i];
    rows += fmt::format("<tr><td class=\"place\">{}</td><td><code>{}</code></td></tr>\n",
                        escape_markup(place_in_words(e)), shown(trim(e.text), 300));
  }
  return rows.empty() ? ""
                      : fmt::format("<div class=\"scroll\"><table class=\"quotes\">\n{}</table></div>\n", rows) +
                            more(r.evidence.size(), kMaxEvidence, "places");
}

std::string finding_card(const FindingGroup& group, const std::string& docs_url) {
  const RuleResult& r = *group.front();
  std::string ids;
  for (const RuleResult* one : group) ids += (ids.empty() ? "" : ", ") + rule_link(one->id, docs_url);
  const char* kind = finding_kind(r);
  std::string out =
      fmt::format("<article class=\"finding {0}\">\n<p><span class=\"kind {0}\">{0}</span> {1}</p>\n<p>{2}</p>\n", kind,
                  ids, shown(r.message, 1000));
  if (const std::string q = quantities_in_words(r); !q.empty())
    out += fmt::format("<p class=\"faint\">{}</p>\n", escape_markup(q));
  out += evidence_table(r);
  if (!r.help.empty()) out += fmt::format("<p class=\"fix\">{}</p>\n", shown(r.help, 1000));
  return out + "</article>\n";
}

template <class T>
std::string commas(const std::optional<T>& value) {
  return value ? with_commas(*value) : "";
}

std::string seconds(const std::optional<std::int64_t>& ms) {
  return ms ? fmt::format("{:.1f}", static_cast<double>(*ms) / 1000) : "";
}

std::string run_row(const Submission& s, const SubmittedRun& run) {
  static const LogRun kNoRun;
  const LogFile& file = s.logs[run.log];
  const LogRun& log = file.runs.empty() ? kNoRun : file.runs.back();
  return fmt::format(
      "<tr><td class=\"w\">{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"w\">{}{}</td><td "
      "class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
      "class=\"n\">{}</td></tr>\n",
      shown(file.path), shown(role_name(run.role)), run.seed ? fmt::format("{}", *run.seed) : "",
      shown(log.metric_name, 60), log.metric_line > 0 ? fmt::format(" (line {})", log.metric_line) : "",
      log.val_bpb ? shown(log.val_bpb->text, 20) : "", seconds(log.train_time_ms.value), seconds(log.eval_time_ms),
      commas(log.steps.value), commas(log.bytes_total.value));
}

// "b85 literal in line 2, bytes 58 to 16,558: 16,500 -> 60,321 bytes", one line a layer.
std::string layers(const CodeFile& code) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(code.layers.size(), 10); ++i) {
    const CodeLayer& layer = code.layers[i];
    out += fmt::format("{}{}: {} in line {}, bytes {} to {}; {} bytes unpack to {}", i > 0 ? "<br>" : "",
                       shown(layer.codec, 40), i == 0 ? "literal" : "literal of the layer above", layer.literal.line,
                       with_commas(static_cast<std::int64_t>(layer.literal.offset)),
                       with_commas(static_cast<std::int64_t>(layer.literal.offset + layer.literal.length)),
                       with_commas(static_cast<std::int64_t>(layer.packed_bytes)),
                       with_commas(static_cast<std::int64_t>(layer.decoded_bytes)));
  }
  if (!code.opaque.empty())
    out += (out.empty() ? "" : "<br>") +
           fmt::format("<span class=\"warning\">not reduced to source: {}</span>", shown(code.opaque, 300));
  return out;
}

}  // namespace

std::string findings_section(const Report& report, const std::string& docs_url) {
  const auto all = finding_groups(report);
  if (all.empty()) return "";
  std::string cards;
  for (std::size_t i = 0; i < std::min(all.size(), kMaxFindings); ++i) cards += finding_card(all[i], docs_url);
  return section("Findings", cards + more(all.size(), kMaxFindings, "findings"));
}

std::string runs_section(const Report& report) {
  const Submission& s = report.submission;
  if (s.runs.empty()) return "";
  std::string rows;
  for (std::size_t i = 0; i < std::min(s.runs.size(), kMaxRuns); ++i) rows += run_row(s, s.runs[i]);
  return section("Runs", table("<th>log</th><th>role</th><th class=\"n\">seed</th><th>evaluation</th><th "
                               "class=\"n\">bpb</th><th class=\"n\">training s</th><th class=\"n\">evaluation "
                               "s</th><th class=\"n\">steps</th><th class=\"n\">bytes</th>",
                               rows) +
                             more(s.runs.size(), kMaxRuns, "runs"));
}

std::string code_section(const Report& report) {
  const Submission& s = report.submission;
  if (s.code.empty()) return "";
  std::string rows;
  for (std::size_t i = 0; i < std::min(s.code.size(), kMaxCode); ++i) {
    const CodeFile& code = s.code[i];
    rows += fmt::format(
        "<tr><td class=\"w\">{}{}</td><td class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td><td "
        "class=\"w\">{}</td></tr>\n",
        shown(code.path), static_cast<int>(i) == s.entry ? " (entry)" : "",
        with_commas(static_cast<std::int64_t>(code.bytes)), code.packed.empty() ? "plain" : shown(code.packed, 60),
        with_commas(static_cast<std::int64_t>(code.decoded_bytes)), layers(code));
  }
  return section("Code", table("<th>file</th><th class=\"n\">bytes</th><th>packed as</th><th class=\"n\">source "
                               "bytes</th><th>where the packed code lies</th>",
                               rows) +
                             more(s.code.size(), kMaxCode, "files"));
}

std::string rules_section(const Report& report, const std::string& docs_url) {
  if (report.results.empty()) return "";
  constexpr std::size_t kMaxRows = 500;
  std::string rows;
  for (std::size_t i = 0; i < std::min(report.results.size(), kMaxRows); ++i) {
    const RuleResult& r = report.results[i];
    const bool plain = r.verdict == Verdict::pass || r.verdict == Verdict::not_applicable;
    const std::string verdict = r.verdict == Verdict::not_applicable ? "not applicable"
                                : plain                              ? "pass"
                                                                     : finding_kind(r);
    rows += fmt::format("<tr><td class=\"place\">{}</td><td class=\"v {}\">{}</td><td class=\"w\">{}</td></tr>\n",
                        rule_link(r.id, docs_url), plain ? to_string(r.verdict) : finding_kind(r), verdict,
                        shown(r.message, 300));
  }
  return section("Every rule", table("<th>rule</th><th>verdict</th><th>what was found</th>", rows) +
                                   more(report.results.size(), kMaxRows, "results"));
}

std::string files_section(const Report& report) {
  const auto& files = report.submission.folder.files;
  if (files.empty()) return "";
  std::string rows;
  for (std::size_t i = 0; i < std::min(files.size(), kMaxFiles); ++i)
    rows += fmt::format("<tr><td class=\"w\">{}</td><td class=\"n\">{}</td><td><code>{}</code></td></tr>\n",
                        shown(files[i].path), with_commas(static_cast<std::int64_t>(files[i].bytes)),
                        shown(files[i].sha256, 64));
  return section("Files", table("<th>file</th><th class=\"n\">bytes</th><th>SHA-256</th>", rows) +
                              more(files.size(), kMaxFiles, "files"));
}

}  // namespace pg::verify

#include "verify/report/html.h"

#include <fmt/format.h>

#include "reference/base/text.h"
#include "verify/report/escape.h"
#include "verify/report/html_charts.h"
#include "verify/report/html_style.h"
#include "verify/report/html_tables.h"
#include "verify/report/words.h"

namespace pg::verify {
namespace {

std::string shown(std::string_view raw, std::size_t max = 200) {
  return escape_markup(escape_line(raw, max));
}

std::string headline(const Report& report) {
  const char* css_class = to_string(report.error.empty() ? report.verdict : Verdict::inconclusive);
  return fmt::format("<h1><span class=\"verdict {}\">{}</span> {}</h1>\n", css_class,
                     report.error.empty() ? verdict_words(report.verdict) : "NOT EXAMINED",
                     shown(report.submission.name));
}

// The margins as tiles; a fact without a label continues the one before.
std::string facts(const Report& report) {
  std::string out = "<div class=\"facts\">\n";
  bool open = false;
  for (const Fact& fact : margins(report)) {
    if (!fact.label.empty()) {
      if (open) out += "</div>\n";
      out += fmt::format("<div><b>{}</b>", escape_markup(fact.label));
      open = true;
    } else {
      out += "<br><span class=\"faint\">";
    }
    out += escape_markup(fact.text) + (fact.label.empty() ? "</span>" : "");
  }
  return out + (open ? "</div>\n</div>\n" : "</div>\n");
}

std::string author_line(const Metadata& m) {
  std::string out;
  if (m.name) out += shown(*m.name, 200);
  if (m.author) out += fmt::format("{}by {}", out.empty() ? "" : ", ", shown(*m.author, 100));
  if (m.date) out += fmt::format("{}{}", out.empty() ? "" : ", ", shown(*m.date, 40));
  return out.empty() ? "" : fmt::format("<p>{}</p>\n", out);
}

}  // namespace

void HtmlPage::add(const Report& report) {
  ++reports_;
  const Submission& s = report.submission;
  if (reports_ == 1)
    title_ =
        fmt::format("{} {}", report.error.empty() ? verdict_words(report.verdict) : "NOT EXAMINED", shown(s.name, 120));
  std::string out = "<main>\n<header>\n" + headline(report);
  if (!report.error.empty()) {
    out += fmt::format("<p>{}</p>\n</header>\n", shown(report.error, 1000));
  } else {
    out += author_line(s.metadata);
    out += fmt::format("<p class=\"faint\">{}; track {}, policy {}</p>\n", counts_in_words(count(report.results)),
                       s.track.empty() ? "unknown" : shown(s.track, 40), shown(report.policy.name, 40));
    out += facts(report) + "</header>\n";
    out += findings_section(report, docs_url_);
    out += size_figure(report) + seeds_figure(report) + times_figure(report) + curve_figure(report);
    out += runs_section(report) + code_section(report) + rules_section(report, docs_url_) + files_section(report);
    out += fmt::format("<p class=\"faint\">{}</p>\n", escape_markup(kNotExamined));
  }
  sections_ += out + "</main>\n";
  runs_ += fmt::format("<p>{}: {} on {}, {:.1f} ms, pgverify {}</p>\n", shown(report.run.folder),
                       shown(report.run.time, 40), shown(report.run.host, 80), report.run.duration_ms, PG_VERSION);
}

std::string HtmlPage::take() {
  if (reports_ > 1) title_ = fmt::format("pgverify: {} folders", reports_);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" "
      "content=\"light dark\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}"
      "<footer id=\"run\">\n{}</footer>\n</body>\n</html>\n",
      escape_markup(content_security_policy()), title_, page_style(), sections_, runs_);
}

}  // namespace pg::verify

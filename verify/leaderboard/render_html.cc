#include "verify/leaderboard/render.h"
#include "verify/leaderboard/sections.h"

namespace pg::verify {
namespace {

// Both themes from the reader's own setting; tables scroll inside their box; the print has no boxes and repeats heads.
constexpr const char* kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; --ground: #fff; --text: #1f2328; --faint: #59636e; --line: #d1d9e0; --head: #f6f8fa;
        --good: #116329; --bad: #b31d28; --caution: #7d4e00; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0d1117; --text: #e6edf3; --faint: #9198a1; --line: #3d444d; --head: #161b22;
          --good: #56d364; --bad: #ff7b72; --caution: #e3b341; } }
body { background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 115rem;
       padding: 1.5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .4rem; }
p { color: var(--faint); margin: .3rem 0; max-width: 60rem; }
.scroll { border: 1px solid var(--line); border-radius: 6px; margin-top: .6rem; overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
td:last-child { min-width: 24rem; white-space: normal; overflow-wrap: anywhere; }
th { background: var(--head); font-weight: 600; }
.r { text-align: right; } .good { color: var(--good); } .bad { color: var(--bad); } .caution { color: var(--caution); }
@media print { body { max-width: none; padding: 0; font-size: 9px; } .scroll { border: 0; overflow: visible; }
  thead { display: table-header-group; } th, td { padding: .1rem .3rem; } tr { break-inside: avoid; } }
</style>
)";

std::string html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += c;
  }
  return out;
}

std::string class_of(bool right, CellStyle style) {
  std::string names = right ? "r" : "";
  const char* colour = style == CellStyle::good      ? "good"
                       : style == CellStyle::bad     ? "bad"
                       : style == CellStyle::caution ? "caution"
                                                     : "";
  if (*colour != 0) names += (names.empty() ? "" : " ") + std::string(colour);
  return names.empty() ? "" : " class=\"" + names + "\"";
}

void write_table(const CellTable& table, std::string& out) {
  out += "<div class=\"scroll\"><table>\n<thead><tr>";
  for (const auto& column : table.columns)
    out += "<th scope=\"col\"" + class_of(column.right, CellStyle::plain) + ">" + html(column.title) + "</th>";
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c)
      out += "<td" + class_of(table.columns[c].right, row[c].style) + ">" + html(row[c].text) + "</td>";
    out += "</tr>\n";
  }
  out += "</tbody>\n</table></div>\n";
}

}  // namespace

std::string board_html(const BoardPage& page) {
  const std::string title = html(board_title(page));
  std::string out = kHead;
  out += "<title>" + title + "</title>\n</head>\n<body>\n<h1>" + title + "</h1>\n";
  for (const Section& section : board_sections(page)) {
    out += "<h2>" + html(section.heading) + "</h2>\n";
    for (const std::string& paragraph : section.paragraphs) out += "<p>" + html(paragraph) + "</p>\n";
    if (!section.table.rows.empty()) write_table(section.table, out);
  }
  return out + "</body>\n</html>\n";
}

}  // namespace pg::verify

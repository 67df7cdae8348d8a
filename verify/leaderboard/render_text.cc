#include <algorithm>

#include "verify/leaderboard/render.h"
#include "verify/leaderboard/sections.h"
#include "verify/report/layout.h"

namespace pg::verify {
namespace {

// `text` cut to `limit` code points (0: not at all).
std::string cut(const std::string& text, std::size_t limit) {
  if (limit == 0 || columns_of(text) <= limit) return text;
  std::size_t points = 0, i = 0;
  for (; i < text.size(); ++i)
    if ((text[i] & 0xC0) != 0x80 && points++ == limit - 3) break;
  return text.substr(0, i) + "...";
}

std::string pad(const std::string& text, std::size_t width, bool right) {
  const std::string blanks(width - std::min(width, columns_of(text)), ' ');
  return right ? blanks + text : text + blanks;
}

void write_table(const CellTable& table, std::string& out) {
  std::vector<std::size_t> widths;
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& column : table.columns) rows[0].push_back(column.title);
  for (const auto& cells : table.rows) {
    rows.emplace_back();
    for (std::size_t c = 0; c < cells.size(); ++c) rows.back().push_back(cut(cells[c].text, table.columns[c].limit));
  }
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    widths.push_back(0);
    for (const auto& row : rows) widths[c] = std::max(widths[c], columns_of(row[c]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) line += "  " + pad(row[c], widths[c], table.columns[c].right);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
}

// Markdown's own characters, and HTML's, which Markdown passes through.
std::string markdown(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      if (std::string_view("\\`*_[]|#~!@").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string board_text(const BoardPage& page) {
  std::string out = board_title(page) + "\n";
  for (const Section& section : board_sections(page)) {
    out += "\n" + section.heading + "\n";
    Layout layout(false);
    for (const std::string& paragraph : section.paragraphs) layout.indented(paragraph, 2);
    out += layout.take();
    if (!section.table.rows.empty()) {
      out += "\n";
      write_table(section.table, out);
    }
  }
  return out;
}

std::string board_markdown(const BoardPage& page) {
  std::string out = "# " + markdown(board_title(page)) + "\n";
  for (const Section& section : board_sections(page)) {
    out += "\n## " + markdown(section.heading) + "\n";
    for (const std::string& paragraph : section.paragraphs) out += "\n" + markdown(paragraph) + "\n";
    if (section.table.rows.empty()) continue;
    out += "\n|";
    for (const auto& column : section.table.columns) out += " " + markdown(column.title) + " |";
    out += "\n|";
    for (const auto& column : section.table.columns) out += column.right ? " ---: |" : " --- |";
    out += "\n";
    for (const auto& row : section.table.rows) {
      out += "|";
      for (const Cell& cell : row) out += " " + markdown(cell.text) + " |";
      out += "\n";
    }
  }
  return out;
}

}  // namespace pg::verify

// A leaderboard as headings, paragraphs and tables of plain cells; text, Markdown and HTML only differ in how they
// write those.
#pragma once

#include <string>
#include <vector>

#include "verify/leaderboard/render.h"

namespace pg::verify {

enum class CellStyle { plain, good, bad, caution };

struct Cell {
  std::string text;  // already through escape_line; not yet escaped for Markdown or HTML
  CellStyle style = CellStyle::plain;
  Cell(std::string t, CellStyle s = CellStyle::plain) : text(std::move(t)), style(s) {}
};

struct CellTable {
  struct Column {
    std::string title;
    bool right = false;     // numbers
    std::size_t limit = 0;  // code points shown in text; 0: all
  };
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
};

struct Section {
  std::string heading;
  std::vector<std::string> paragraphs;
  CellTable table;  // no columns: none
};

std::vector<Section> board_sections(const BoardPage& page);
std::string board_title(const BoardPage& page);

}  // namespace pg::verify

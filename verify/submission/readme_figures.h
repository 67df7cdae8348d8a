// Numbers in a README as a checker of its arithmetic needs them: with sign, unit and place.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/decimal.h"

namespace pg::verify {

enum class Unit { none, bpb, nats, bytes, kilobytes, megabytes, seconds, milliseconds, times, percent, other };

// A number in a clause's text; [begin, end) without sign and unit, `unit_end` behind the unit.
struct Figure {
  Decimal number;  // without its sign
  int sign = 0;    // +1, -1, or 0 where none is written
  Unit unit = Unit::none;
  bool approximate = false;  // "~" in front
  std::size_t begin = 0, end = 0, unit_end = 0;

  double value() const { return sign < 0 ? -number.value : number.value; }
};

// A table cell, or a sentence of a line outside tables.
struct Clause {
  std::uint32_t line = 0;
  bool in_table = false;
  std::string raw;   // the line as it stands, for evidence; at most 300 bytes
  std::string text;  // plain_text of the clause
  std::vector<Figure> figures;
};

struct TableRow {
  std::uint32_t line = 0;
  std::string raw;
  std::vector<Clause> cells;
};
struct Table {
  std::vector<std::string> header;  // plain_text; as many as the header line has
  std::vector<TableRow> rows;
};

// What can be read of a README's numbers; code fences are left out. Bounded: lines are read to 4 KiB, 64 cells a row,
// 20,000 clauses in all.
struct ReadmeFigures {
  std::vector<Clause> clauses;  // sentences and cells in the order of the text, those without a number left out
  std::vector<Table> tables;
};
ReadmeFigures readme_figures(std::string_view text);

// The same; each thread remembers those of the last text, which several rules ask for in turn.
std::shared_ptr<const ReadmeFigures> readme_figures_remembered(std::string_view text);

// Lower case, without emphasis, code marks and the targets of links; minus signs, arrows and the like as ASCII ("-",
// "->", "+/-", "~=", "x").
std::string plain_text(std::string_view markdown);

// One clause of `plain` text, as readme_figures makes them.
std::vector<Figure> figures_in(std::string_view plain);

}  // namespace pg::verify

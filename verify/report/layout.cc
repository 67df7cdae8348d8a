#include "verify/report/layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace pg::verify {
namespace {

// The bytes of one column's character at `i`, or of an ANSI sequence (columns = 0).
struct Glyph {
  std::size_t bytes;
  std::size_t columns;
};

Glyph glyph(std::string_view text, std::size_t i) {
  if (text[i] == '\x1b') {
    const std::size_t end = text.find('m', i);
    return {(end == std::string_view::npos ? text.size() : end + 1) - i, 0};
  }
  std::size_t n = 1;
  while (i + n < text.size() && (text[i + n] & 0xC0) == 0x80) ++n;
  return {n, 1};
}

// The bytes of `text` that fill at most `columns`.
std::size_t fitting(std::string_view text, std::size_t columns) {
  std::size_t i = 0;
  for (std::size_t used = 0; i < text.size();) {
    const Glyph g = glyph(text, i);
    if (used + g.columns > columns) break;
    used += g.columns;
    i += g.bytes;
  }
  return i;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Glyph g = glyph(text, i);
    columns += g.columns;
    i += g.bytes;
  }
  return columns;
}

std::string Layout::styled(std::string text, Style style) const {
  if (!color_) return text;
  const char* code = style == Style::good      ? "1;32"
                     : style == Style::bad     ? "1;31"
                     : style == Style::caution ? "1;33"
                     : style == Style::strong  ? "1"
                                               : "2";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

void Layout::line(std::string_view text) {
  out_ += text;
  out_ += '\n';
}

void Layout::cut(std::string_view text) {
  if (columns_of(text) <= kColumns) return line(text);
  out_ += text.substr(0, fitting(text, kColumns - 3));
  out_ += color_ ? "\x1b[0m...\n" : "...\n";
}

void Layout::wrap(std::string line_so_far, std::size_t columns, std::string_view text, std::size_t indent) {
  bool empty = true;  // no word on this line yet
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, blank);
    const std::size_t width = columns_of(word);
    if (!empty && columns + 1 + width > kColumns) {
      line(line_so_far);
      line_so_far.assign(indent, ' ');
      columns = indent;
      empty = true;
    }
    if (empty && columns + width > kColumns && columns > indent) {  // behind a long head
      line(line_so_far);
      line_so_far.assign(indent, ' ');
      columns = indent;
    }
    if (empty && columns + width > kColumns) {  // one word longer than a line: broken
      const std::size_t bytes = fitting(word, kColumns - columns);
      line(line_so_far + std::string(word.substr(0, bytes)));
      text.remove_prefix(bytes);
      line_so_far.assign(indent, ' ');
      columns = indent;
      continue;
    }
    if (!empty) {
      line_so_far += ' ';
      ++columns;
    }
    line_so_far += word;
    columns += width;
    empty = false;
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  line(line_so_far);
}

void Layout::field(std::string_view label, std::string_view text) {
  wrap(fmt::format("  {:<7}", label), 9, text, 9);
}

void Layout::hanging(std::string_view head, std::size_t head_columns, std::string_view text) {
  wrap(std::string(head), head_columns, text, 4);
}

void Layout::indented(std::string_view text, std::size_t indent) {
  wrap(std::string(indent, ' '), indent, text, indent);
}

}  // namespace pg::verify

#include "verify/submission/readme_figures.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxLine = 4096, kMaxCells = 64, kMaxClauses = 20'000, kMaxRaw = 300, kMaxFigures = 200;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

constexpr std::pair<std::string_view, std::string_view> kReplacements[] = {{"\xE2\x88\x92", "-"},
                                                                           {"\xE2\x80\x94", " ; "},
                                                                           {"\xC3\x97", "x"},
                                                                           {"\xC2\xB1", "+/-"},
                                                                           {"\xE2\x86\x92", "->"},
                                                                           {"\xE2\x89\x88", "~="},
                                                                           {"\xE2\x89\xA4", "<="},
                                                                           {"\xE2\x89\xA5", ">="},
                                                                           {"\xCE\x94", "delta"},
                                                                           {"\xE2\x88\x86", "delta"},
                                                                           {"\xC2\xA0", " "},
                                                                           {"\xE2\x80\x89", " "},
                                                                           {"\xE2\x80\xAF", " "},
                                                                           {"*", ""},
                                                                           {"`", ""},
                                                                           {"\\", ""}};

// Begins no replacement and no dash: nearly all of a text.
bool stands_for_itself(char c) {
  return static_cast<unsigned char>(c) < 0x80 && c != '*' && c != '`' && c != '\\';
}

// "](target)" -> "": a link's address is no text.
std::string without_targets(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ']' && i + 1 < text.size() && text[i + 1] == '(') {
      const std::size_t close = text.find(')', i);
      if (close == std::string_view::npos) break;
      i = close;
    } else if (text[i] != '[' && text[i] != ']') {
      out += text[i];
    }
  }
  return out;
}

// Where the number that begins at `at` ends, and its digits without commas; nothing where it is no plain number.
std::optional<std::pair<std::size_t, Decimal>> read_number(std::string_view text, std::size_t at) {
  std::string digits;
  std::size_t i = at, group = 0;
  bool commas = false;
  for (; i < text.size() && (is_digit(text[i]) || text[i] == ','); ++i) {
    if (text[i] == ',') {
      // A comma between groups of three, else the end of the number.
      const bool grouped = i + 3 < text.size() && is_digit(text[i + 1]) && is_digit(text[i + 2]) &&
                           is_digit(text[i + 3]) && (i + 4 >= text.size() || !is_digit(text[i + 4]));
      if (!grouped || (commas ? group != 3 : digits.empty() || digits.size() > 3)) break;
      commas = true;
      group = 0;
    } else {
      digits += text[i];
      ++group;
    }
  }
  if (i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1])) {
    digits += digits.empty() ? "0." : ".";
    for (++i; i < text.size() && is_digit(text[i]); ++i) digits += text[i];
    if (i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1])) return std::nullopt;  // a version
  }
  auto number = digits.size() <= 40 ? parse_decimal(digits) : std::nullopt;
  if (!number) return std::nullopt;
  return std::pair(i, *std::move(number));
}

struct UnitName {
  std::string_view word;
  Unit unit;
};
constexpr UnitName kUnits[] = {{"bpb", Unit::bpb},         {"bpp", Unit::bpb},      {"nats", Unit::nats},
                               {"nat", Unit::nats},        {"bytes", Unit::bytes},  {"byte", Unit::bytes},
                               {"b", Unit::bytes},         {"kb", Unit::kilobytes}, {"mb", Unit::megabytes},
                               {"s", Unit::seconds},       {"sec", Unit::seconds},  {"seconds", Unit::seconds},
                               {"ms", Unit::milliseconds}, {"x", Unit::times}};

constexpr std::string_view kScales[] = {"k",  "m",   "g",       "t",       "kib",     "mib",
                                        "gb", "gib", "million", "billion", "thousand"};

// The unit behind a number; false where letters make something else of it ("8xh100", "4k", "3rd").
bool read_unit(std::string_view text, Figure& figure) {
  std::size_t from = figure.end;
  figure.unit_end = figure.end;
  if (from < text.size() && text[from] == '%') {
    figure.unit = Unit::percent;
    figure.unit_end = from + 1;
    return true;
  }
  const bool attached = from < text.size() && is_letter(text[from]);
  while (from < text.size() && text[from] == ' ') ++from;
  std::size_t to = from;
  while (to < text.size() && (is_letter(text[to]) || is_digit(text[to]) || text[to] == '_')) ++to;
  const std::string_view word = text.substr(from, to - from);
  const auto known = std::ranges::find(kUnits, word, &UnitName::word);
  if (!attached && std::ranges::find(kScales, word) != std::end(kScales)) {
    figure.unit = Unit::other;  // "16 K parameters": another number than it looks
    figure.unit_end = to;
    return true;
  }
  if (known == std::end(kUnits)) {
    if (word == "val_bpb" && !attached) return true;
    figure.unit = attached ? Unit::other : Unit::none;
    return !attached;
  }
  if (!attached && (word == "b" || word == "s" || word == "x")) return true;  // a word, not a unit
  figure.unit = known->unit;
  figure.unit_end = to;
  return true;
}

// The sign right in front of a number, where it is not the minus or plus between two.
int read_sign(std::string_view text, std::size_t begin) {
  if (begin == 0 || (text[begin - 1] != '-' && text[begin - 1] != '+')) return 0;
  if (begin >= 2) {
    const char before = text[begin - 2];
    if (is_digit(before) || is_letter(before) || before == ')' || before == '/' || before == '%') return 0;
  }
  return text[begin - 1] == '-' ? -1 : 1;
}

bool is_separator(std::string_view line) {
  return line.find('-') != std::string_view::npos && line.find('|') != std::string_view::npos &&
         line.find_first_not_of("|-: \t") == std::string_view::npos;
}

std::vector<std::string_view> cells_of(std::string_view line) {
  line = trim(line);
  if (line.starts_with('|')) line.remove_prefix(1);
  if (line.ends_with('|')) line.remove_suffix(1);
  std::vector<std::string_view> cells;
  while (cells.size() < kMaxCells) {
    const std::size_t bar = std::min(line.find('|'), line.size());
    cells.push_back(trim(line.substr(0, bar)));
    if (bar == line.size()) break;
    line.remove_prefix(bar + 1);
  }
  return cells;
}

class Reader {
 public:
  ReadmeFigures read(std::string_view text) {
    std::uint32_t number = 0;
    while (!text.empty() && clauses_ < kMaxClauses) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      line(trim(text.substr(0, std::min(end, kMaxLine))), ++number);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(out_);
  }

 private:
  void line(std::string_view raw, std::uint32_t number) {
    if (raw.starts_with("```") || raw.starts_with("~~~")) fence_ = !fence_;
    if (fence_) return;
    if (is_separator(raw) && previous_.find('|') != std::string_view::npos) {
      Table table;
      for (const std::string_view cell : cells_of(previous_)) table.header.push_back(plain_text(cell));
      out_.tables.push_back(std::move(table));
      in_table_ = true;
    } else if (in_table_ && raw.find('|') != std::string_view::npos) {
      row(raw, number);
    } else {
      in_table_ = false;
      sentences(raw, number);
    }
    previous_ = raw;
  }

  Clause clause(std::string_view raw, std::string text, std::uint32_t number) {
    ++clauses_;
    Clause out{number, in_table_, std::string(raw.substr(0, kMaxRaw)), std::move(text), {}};
    out.figures = figures_in(out.text);
    return out;
  }

  void row(std::string_view raw, std::uint32_t number) {
    TableRow row{number, std::string(raw.substr(0, kMaxRaw)), {}};
    for (const std::string_view cell : cells_of(raw)) {
      row.cells.push_back(clause(raw, plain_text(cell), number));
      if (!row.cells.back().figures.empty()) out_.clauses.push_back(row.cells.back());
    }
    out_.tables.back().rows.push_back(std::move(row));
  }

  // A full stop that is no decimal point ends a sentence, a bar a column of a title line.
  void sentences(std::string_view raw, std::uint32_t number) {
    const std::string plain = plain_text(raw);
    std::string_view rest = plain;
    while (!rest.empty()) {
      std::size_t end = std::min(rest.find(". "), rest.find('|'));
      end = std::min(end, rest.size());
      Clause part = clause(raw, std::string(rest.substr(0, end)), number);
      if (!part.figures.empty()) out_.clauses.push_back(std::move(part));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  ReadmeFigures out_;
  std::string_view previous_;
  std::size_t clauses_ = 0;
  bool fence_ = false, in_table_ = false;
};

}  // namespace

std::string plain_text(std::string_view markdown) {
  const std::string text = to_lower(without_targets(markdown));
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (stands_for_itself(text[i])) {
      out += text[i++];
      continue;
    }
    // An en dash is a minus in front of a number and "to" behind one.
    if (text.compare(i, 3, "\xE2\x80\x93") == 0) {
      out += !out.empty() && (is_digit(out.back()) || out.back() == '%' || is_letter(out.back())) ? " to " : "-";
      i += 3;
      continue;
    }
    // A star between two blanks or two digits multiplies, any other is emphasis.
    if (text[i] == '*' && i > 0 && i + 1 < text.size() && text[i - 1] != '*' && text[i + 1] != '*') {
      const bool blanks = text[i - 1] == ' ' && text[i + 1] == ' ';
      if (blanks || (is_digit(text[i - 1]) && is_digit(text[i + 1]))) {
        out += blanks ? "x" : " x ";
        ++i;
        continue;
      }
    }
    const auto found = std::ranges::find_if(
        kReplacements, [&](const auto& pair) { return text.compare(i, pair.first.size(), pair.first) == 0; });
    if (found == std::end(kReplacements)) {
      out += text[i++];
    } else {
      out += found->second;
      i += found->first.size();
    }
  }
  return std::string(trim(out));
}

std::vector<Figure> figures_in(std::string_view text) {
  std::vector<Figure> out;
  for (std::size_t i = 0; i < text.size() && out.size() < kMaxFigures; ++i) {
    const bool begins = is_digit(text[i]) || (text[i] == '.' && i + 1 < text.size() && is_digit(text[i + 1]));
    if (!begins) continue;
    const char before = i > 0 ? text[i - 1] : ' ';
    const auto number = read_number(text, i);
    Figure figure;
    figure.begin = i;
    figure.end = number ? number->first : i + 1;
    // The rest of a word, a pull request's number, a list's "1.", an index.
    const bool part = is_letter(before) || before == '_' || before == '#' || before == '.' || is_digit(before);
    if (number && !part) {
      figure.number = number->second;
      figure.sign = read_sign(text, i);
      const std::size_t mark = i - (figure.sign != 0 ? 1 : 0);
      figure.approximate = mark > 0 && text[mark - 1] == '~';
      if (read_unit(text, figure)) out.push_back(figure);
    }
    i = std::max(figure.end, i + 1) - 1;
    while (i + 1 < text.size() && is_digit(text[i + 1])) ++i;
  }
  return out;
}

ReadmeFigures readme_figures(std::string_view text) {
  return Reader().read(text);
}

std::shared_ptr<const ReadmeFigures> readme_figures_remembered(std::string_view text) {
  thread_local std::string last;
  thread_local std::shared_ptr<const ReadmeFigures> figures;
  if (figures == nullptr || last != text) {
    figures = std::make_shared<const ReadmeFigures>(readme_figures(text));
    last = text;
  }
  return figures;
}

}  // namespace pg::verify

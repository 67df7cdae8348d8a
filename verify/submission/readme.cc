#include "verify/submission/readme.h"

#include <algorithm>
#include <cctype>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxScores = 1000, kMaxLine = 4096, kMaxColumns = 64;
constexpr double kLowest = 0.05, kHighest = 5;
constexpr std::size_t kReachBefore = 48, kReachBehind = 16;  // characters between the number and "bpb"

// Words that give a number to something else than this submission's final score.
constexpr std::string_view kForeign[] = {"baseline", "sota",      "leaderboard", "previous", "prior",     "pr #",
                                         "base:",    "pre-quant", "pre-ttt",     "prequant", "pre quant", "unquantized",
                                         "gap",      "delta",     "improv",      "penalty",  "drops",     "threshold",
                                         "vs ",      "beats",     "target",      "parent"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Number {
  std::size_t begin = 0, end = 0;
};

bool ends_with(std::string_view text, std::string_view tail) {
  return text.size() >= tail.size() && text.substr(text.size() - tail.size()) == tail;
}

// Whether text[begin, end) is a level, not a difference, a list index or a quantity with another unit.
bool is_level(std::string_view text, Number number) {
  std::string_view before = text.substr(0, number.begin);
  if (ends_with(before, "\\~")) before.remove_suffix(2);
  for (const std::string_view mark : {"+", "-", "\xE2\x88\x92", "\xC2\xB1", "/-", "$"})
    if (ends_with(before, mark)) return false;
  while (!before.empty() && before.back() == ' ') before.remove_suffix(1);
  if (ends_with(before, "\xC2\xB1") || ends_with(before, "+/-")) return false;
  std::string_view behind = text.substr(number.end);
  if (!behind.empty() && (std::isalpha(static_cast<unsigned char>(behind.front())) != 0 || behind.front() == '%'))
    return false;
  while (!behind.empty() && (behind.front() == ' ' || behind.front() == '*')) behind.remove_prefix(1);
  for (const std::string_view unit : {"nats", "ms", "mb", "gb", "seconds", "hours", "nat/"})
    if (behind.substr(0, unit.size()) == unit) return false;
  return true;
}

// The next number of 3 to 8 decimals in the range of scores, at or after `from`.
bool next_number(std::string_view text, std::size_t from, Number& number) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (!is_digit(text[i]) || (i > 0 && (is_digit(text[i - 1]) || text[i - 1] == '.' || text[i - 1] == ','))) continue;
    std::size_t point = i;
    while (point < text.size() && is_digit(text[point])) ++point;
    std::size_t end = point + 1;
    while (end < text.size() && is_digit(text[end])) ++end;
    const bool shaped = point < text.size() && text[point] == '.' && end - point - 1 >= 3 && end - point - 1 <= 8;
    const bool dotted = end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1]);  // a version
    if (!shaped || dotted) {
      i = point;
      continue;
    }
    const auto value = parse_decimal(text.substr(i, end - i));
    if (value && value->value >= kLowest && value->value <= kHighest && is_level(text, {i, end})) {
      number = {i, end};
      return true;
    }
    i = end - 1;
  }
  return false;
}

bool is_foreign(std::string_view text) {
  return std::ranges::any_of(kForeign,
                             [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// Whether the "bpb" at `at` is the unit of the number in front of it, not the label of the next one.
bool is_unit(std::string_view behind, std::size_t at) {
  const auto separates = [](char c) { return is_digit(c) || c == ',' || c == ';' || c == '|' || c == '\n'; };
  if (std::ranges::any_of(behind.substr(0, at), separates)) return false;
  std::string_view rest = behind.substr(at + 3);
  while (!rest.empty() && (rest.front() == '*' || rest.front() == '`' || rest.front() == ' ')) rest.remove_prefix(1);
  return rest.empty() || (rest.front() != ':' && rest.front() != '=');
}

// "bpb" close in front of the number or right behind it, and nothing between that gives it away.
bool beside_bpb(std::string_view line, Number number) {
  const std::size_t from = number.begin < kReachBefore ? 0 : number.begin - kReachBefore;
  const std::string_view before = line.substr(from, number.begin - from);
  const std::string_view behind = line.substr(number.end, kReachBehind);
  const std::size_t label = before.rfind("bpb");
  const std::size_t unit = behind.find("bpb");
  const bool own_unit = unit != std::string_view::npos && is_unit(behind, unit);
  const bool labelled = label != std::string_view::npos && before.find("loss", label) == std::string_view::npos;
  if (!labelled && !own_unit) return false;
  // What the sentence said just before, to the last full stop or bar, decides whose number it is.
  const std::size_t clause = before.find_last_of(";|(") == std::string_view::npos ? 0 : before.find_last_of(";|(") + 1;
  return !is_foreign(own_unit && !labelled ? before : before.substr(clause)) &&
         !is_foreign(behind.substr(0, own_unit ? unit + 3 : 0));
}

std::vector<std::string_view> cells_of(std::string_view line) {
  line = trim(line);
  if (line.substr(0, 1) == "|") line.remove_prefix(1);
  std::vector<std::string_view> cells;
  while (cells.size() < kMaxColumns) {
    const std::size_t bar = std::min(line.find('|'), line.size());
    cells.push_back(line.substr(0, bar));
    if (bar == line.size()) break;
    line.remove_prefix(bar + 1);
  }
  return cells;
}

bool is_separator(std::string_view line) {
  line = trim(line);
  return line.find('-') != std::string_view::npos && line.find('|') != std::string_view::npos &&
         line.find_first_not_of("|-: \t") == std::string_view::npos;
}

class Scanner {
 public:
  std::vector<ReadmeHeadline> run(std::string_view text) {
    std::uint32_t number = 0;
    while (!text.empty() && found_.size() < kMaxScores) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      line(text.substr(0, std::min(end, kMaxLine)), ++number);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(found_);
  }

 private:
  void line(std::string_view raw, std::uint32_t number) {
    if (trim(raw).substr(0, 3) == "```") fence_ = !fence_;
    std::string lower = to_lower(raw);
    std::erase(lower, '\\');  // "val\_bpb"
    if (is_separator(lower)) {
      header();
    } else if (!columns_.empty() && lower.find('|') != std::string::npos) {
      table_row(lower, raw, number);
    } else {
      columns_.clear();
      prose(lower, raw, number);
    }
    previous_ = std::move(lower);
  }

  // The line in front of a separator names the columns.
  void header() {
    const auto cells = cells_of(previous_);
    columns_.assign(cells.size(), Column::other);
    for (std::size_t i = 0; i < cells.size(); ++i)
      columns_[i] = is_foreign(cells[i])                             ? Column::foreign
                    : cells[i].find("bpb") != std::string_view::npos ? Column::score
                                                                     : Column::other;
  }

  void table_row(std::string_view lower, std::string_view raw, std::uint32_t number) {
    const auto cells = cells_of(lower);
    if (is_foreign(cells.front())) return;
    const bool labelled = cells.front().find("bpb") != std::string_view::npos;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const Column column = i < columns_.size() ? columns_[i] : Column::other;
      if (column == Column::foreign) continue;
      Number at;
      for (std::size_t from = 0; next_number(cells[i], from, at); from = at.end)
        if (column == Column::score || labelled || beside_bpb(cells[i], at)) add(cells[i], at, raw, number);
    }
  }

  void prose(std::string_view lower, std::string_view raw, std::uint32_t number) {
    Number at;
    for (std::size_t from = 0; next_number(lower, from, at); from = at.end) {
      if (!beside_bpb(lower, at)) continue;
      // Inside a fence only "bpb: 1.08" and "bpb=1.08" are results; the rest is code.
      std::string_view before = trim(lower.substr(0, at.begin));
      const bool assigned = !before.empty() && (before.back() == ':' || before.back() == '=');
      if (!fence_ || assigned || lower.substr(at.end, kReachBehind).find("bpb") != std::string_view::npos)
        add(lower, at, raw, number);
    }
  }

  void add(std::string_view text, Number at, std::string_view raw, std::uint32_t number) {
    if (const auto value = parse_decimal(text.substr(at.begin, at.end - at.begin)); value && found_.size() < kMaxScores)
      found_.push_back({*value, number, std::string(trim(raw).substr(0, 500))});
  }

  enum class Column { other, score, foreign };
  bool fence_ = false;
  std::string previous_;
  std::vector<Column> columns_;  // of the table we are in; empty outside
  std::vector<ReadmeHeadline> found_;
};

}  // namespace

std::vector<ReadmeHeadline> readme_scores(std::string_view text) {
  return Scanner().run(text);
}

}  // namespace pg::verify

#include "verify/rules/claim_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reference/base/text.h"
#include "verify/rules/claim_numbers.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CLAIM-TABLE";
constexpr std::size_t kMaxFindings = 20;

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.starts_with(word); });
}

bool has_letters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
}

// "3-seed mean" -> "mean"
std::string_view without_count(std::string_view label) {
  for (const std::string_view word : {"-seed ", " seed "})
    if (const std::size_t at = label.find(word); at != std::string_view::npos && at <= 2)
      return label.substr(at + word.size());
  return label;
}
// A mean over the rows above: a number in the label may only count them ("mean (3 seeds)"), not name some of them.
bool is_mean_label(std::string_view label, std::size_t rows) {
  label = without_count(label);
  if (!starts_with_any(label, {"mean", "average", "avg"})) return false;
  const auto figures = figures_in(label);
  return figures.empty() || (figures.size() == 1 && figures[0].number.value == static_cast<double>(rows));
}
bool is_std_label(std::string_view label) {
  return starts_with_any(without_count(label), {"std", "stdev", "sd "}) || label == "sd";
}

// "42", "seed 42", "s42", "42 (best)", but not "1." of a list or "3 seeds".
bool is_seed_label(std::string_view label, bool seed_column) {
  if (label.starts_with("seed"))
    label.remove_prefix(4);
  else if (label.size() > 1 && label.front() == 's' && label[1] >= '0' && label[1] <= '9')
    label.remove_prefix(1);
  else if (!seed_column)
    return false;
  label = trim(label);
  const std::size_t digits = std::min(label.find_first_not_of("0123456789"), label.size());
  if (digits == 0 || digits > 10) return false;
  const std::string_view rest = trim(label.substr(digits));
  return rest.empty() || rest.front() == '(';
}

// The one number of a cell; nullptr where there is none, several, or it is not exact.
const Figure* only_figure(const Clause& cell) {
  if (cell.figures.size() != 1) return nullptr;
  const Figure& f = cell.figures.front();
  // "+0.1 / OOM", "n/a 3": words make the number something else; a unit and a footnote do not.
  std::size_t letters = 0;
  for (std::size_t i = 0; i < cell.text.size(); ++i)
    letters +=
        (i < f.begin || i >= f.unit_end) && std::isalpha(static_cast<unsigned char>(cell.text[i])) != 0 ? 1u : 0u;
  return f.approximate || letters > 0 ? nullptr : &f;
}

// The numbers of a mean's cell: "1.0810", "1.0810 +/- 0.0002", "1.0810 (std 0.0002)".
struct Stated {
  const Figure* mean = nullptr;
  const Figure* deviation = nullptr;
};
Stated stated_in(const Clause& cell) {
  Stated out;
  if (cell.figures.empty() || cell.figures.size() > 2 || cell.figures.front().approximate) return out;
  const Figure& first = cell.figures.front();
  // "15,950,000 (max)" is no mean.
  const std::string_view rest = std::string_view(cell.text).substr(cell.figures.back().unit_end);
  if (has_letters(rest)) return out;
  if (trim(std::string_view(cell.text).substr(0, first.begin)).find_first_not_of("+-") != std::string_view::npos)
    return out;
  if (cell.figures.size() == 2) {
    const Figure& second = cell.figures[1];
    const std::string_view between = std::string_view(cell.text).substr(first.unit_end, second.begin - first.unit_end);
    if (between.find("+/-") == std::string_view::npos && between.find("std") == std::string_view::npos) return out;
    if (!second.approximate) out.deviation = &second;
  }
  out.mean = &first;
  return out;
}

// "| mean | baseline | ...": words in a cell that not all rows above have there, so the mean is of some of them.
bool names_a_part(const std::vector<const TableRow*>& rows, const TableRow& row) {
  for (std::size_t c = 1; c < row.cells.size(); ++c) {
    const std::string& text = row.cells[c].text;
    if (!row.cells[c].figures.empty() || !has_letters(text)) continue;
    int with = 0;
    for (const TableRow* above : rows) with += c < above->cells.size() && above->cells[c].text == text ? 1 : 0;
    if (with > 0 && with < static_cast<int>(rows.size())) return true;
  }
  return false;
}

struct Column {
  std::vector<double> values;
  double half_unit = 0;  // the largest of theirs
  Unit unit = Unit::none;
};

class Checker {
 public:
  explicit Checker(const Submission& s) : s_(s) {}
  int checked = 0;
  std::vector<RuleResult> results;

  void table(const Table& table) {
    const bool seed_column =
        !table.header.empty() && (table.header[0].find("seed") != std::string::npos || table.header[0].empty());
    std::vector<const TableRow*> rows;
    for (const TableRow& row : table.rows) {
      if (row.cells.empty()) continue;
      const std::string& label = row.cells.front().text;
      if (is_seed_label(label, seed_column)) {
        // A second block of seeds below a mean begins anew.
        if (aggregated_) rows.clear();
        aggregated_ = false;
        rows.push_back(&row);
      } else if (rows.size() >= 2 && names_a_part(rows, row)) {
        aggregated_ = true;
      } else if (rows.size() >= 2 && (is_mean_label(label, rows.size()) || is_std_label(label))) {
        aggregated_ = true;
        aggregate(table, rows, row, is_std_label(label));
      } else {
        rows.clear();
        aggregated_ = false;
      }
    }
    aggregated_ = false;
  }

  // "1.1440/1.1420/1.1416; mean 1.1426, std 0.0012"
  void sentence(const Clause& clause) {
    const auto& f = clause.figures;
    const std::string_view text = clause.text;
    for (std::size_t i = 0; i + 2 < f.size(); ++i) {
      std::size_t end = i + 1;
      while (end < f.size() && trim(text.substr(f[end - 1].unit_end, f[end].begin - f[end - 1].unit_end)) == "/") ++end;
      if (end - i < 3 || end >= f.size()) {
        i = end - 1;
        continue;
      }
      Column column;
      bool exact = true;
      for (std::size_t k = i; k < end; ++k) {
        exact = exact && !f[k].approximate && f[k].number.decimals() >= 3 && f[k].sign == 0;
        column.values.push_back(f[k].value());
        column.half_unit = std::max(column.half_unit, f[k].number.half_unit());
      }
      const std::string_view before_mean = text.substr(f[end - 1].unit_end, f[end].begin - f[end - 1].unit_end);
      const bool mean = before_mean.size() < 16 && before_mean.find("mean") != std::string_view::npos;
      if (exact && mean && !f[end].approximate) {
        check_mean("the list", column, f[end].number, f[end].value(), clause.line, clause.raw);
        if (end + 1 < f.size()) {
          const std::string_view between = text.substr(f[end].unit_end, f[end + 1].begin - f[end].unit_end);
          if (between.size() < 12 &&
              (between.find("std") != std::string_view::npos || between.find("+/-") != std::string_view::npos))
            check_std("the list", column, f[end + 1].number, clause.line, clause.raw);
        }
      }
      i = end - 1;
    }
  }

 private:
  void aggregate(const Table& table, const std::vector<const TableRow*>& rows, const TableRow& row, bool deviation) {
    for (std::size_t c = 1; c < row.cells.size(); ++c) {
      const Stated stated = stated_in(row.cells[c]);
      const auto column = values_of(rows, c);
      if (stated.mean == nullptr || !column || column->unit != stated.mean->unit) continue;
      const std::string where = c < table.header.size() && !table.header[c].empty()
                                    ? fmt::format("column \"{}\"", table.header[c])
                                    : fmt::format("column {}", c + 1);
      if (deviation) {
        check_std(where, *column, stated.mean->number, row.line, row.raw);
        continue;
      }
      check_mean(where, *column, stated.mean->number, stated.mean->value(), row.line, row.raw);
      if (stated.deviation != nullptr) check_std(where, *column, stated.deviation->number, row.line, row.raw);
    }
  }

  static std::optional<Column> values_of(const std::vector<const TableRow*>& rows, std::size_t c) {
    Column out;
    for (const TableRow* row : rows) {
      const Figure* figure = c < row->cells.size() ? only_figure(row->cells[c]) : nullptr;
      if (figure == nullptr || (!out.values.empty() && figure->unit != out.unit)) return std::nullopt;
      out.unit = figure->unit;
      out.values.push_back(figure->value());
      out.half_unit = std::max(out.half_unit, figure->number.half_unit());
    }
    return out;
  }

  // "the mean of the 5 lowest", where that is what the number is.
  static std::string selection(const Column& column, const Decimal& claim, double value) {
    std::vector<double> sorted = column.values;
    std::ranges::sort(sorted);
    for (std::size_t k = sorted.size() - 1; k >= 1; --k) {
      const double low = spread({sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(k)}).mean;
      if (std::abs(low - value) <= claim.half_unit() + column.half_unit)
        return fmt::format("; it is {} {} of the {}", k == 1 ? "the" : fmt::format("the mean of the {}", k), "lowest",
                           sorted.size());
    }
    return "";
  }

  void check_mean(const std::string& where, const Column& column, const Decimal& claim, double value,
                  std::uint32_t line, const std::string& raw) {
    ++checked;
    const double mean = spread(column.values).mean;
    if (std::abs(mean - value) <= slack(claim, column.half_unit)) return;
    report(fmt::format("{}: the mean of {} values is {}, not {}{}", where, column.values.size(),
                       printed_like(claim, mean), printed_like(claim, value), selection(column, claim, value)),
           printed_like(claim, value), fmt::format("{:.8g}", mean), line, raw);
  }

  void check_std(const std::string& where, const Column& column, const Decimal& claim, std::uint32_t line,
                 const std::string& raw) {
    ++checked;
    const Spread s = spread(column.values);
    // Rounding can move every value away from the mean by half a unit; sample deviations grow a little more.
    const auto severity = wrong_deviation(claim, s, 1.5 * column.half_unit);
    if (!severity) return;
    report(fmt::format("{}: the standard deviation of {} values is {} (n - 1) or {} (n), not {}", where,
                       column.values.size(), fmt::format("{:.4g}", s.sample), fmt::format("{:.4g}", s.population),
                       claim.text),
           claim.text, fmt::format("{:.8g} (sample) or {:.8g} (population)", s.sample, s.population), line, raw,
           *severity);
  }

  void report(std::string message, std::string observed, std::string required, std::uint32_t line,
              const std::string& raw, Severity severity = Severity::warning) {
    if (results.size() >= kMaxFindings) return;
    results.push_back(failed(kId, Failure{severity,
                                          std::move(message),
                                          std::move(observed),
                                          std::move(required),
                                          {readme_evidence(s_, line, raw)},
                                          "Compute it again from the values beside it."}));
  }

  const Submission& s_;
  bool aggregated_ = false;
};

}  // namespace

std::vector<RuleResult> check_claim_table(const Submission& s, const Policy&) {
  if (auto none = without_readme(kId, s)) return {*std::move(none)};
  const auto read = readme_figures_remembered(s.readme_text);
  Checker checker(s);
  for (const Table& table : read->tables) checker.table(table);
  for (const Clause& clause : read->clauses)
    if (!clause.in_table) checker.sentence(clause);
  if (checker.checked == 0) return {not_applicable(kId, "the README gives no mean beside the values it is of")};
  return or_passed(
      std::move(checker.results),
      passed(kId, fmt::format("{} means and standard deviations follow from the values beside them", checker.checked)));
}

const Rule kRuleClaimTable{
    kId, "means and deviations in the README",
    "Means and standard deviations in a README's tables and lists of seeds follow from the values they stand with.",
    "The values themselves are compared with the logs elsewhere, and only as far as submission.json repeats them.",
    check_claim_table};

}  // namespace pg::verify

#include "verify/rules/claim_arithmetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reference/base/text.h"
#include "verify/rules/claim_numbers.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CLAIM-ARITHMETIC";
constexpr std::size_t kMaxFindings = 20;
constexpr double kMebibytes16 = 16'777'216;

// What stands between two figures, the second one's sign left out.
std::string_view between(const Clause& clause, const Figure& a, const Figure& b) {
  const std::size_t end = b.begin - (b.sign != 0 ? 1 : 0);
  return end <= a.unit_end ? std::string_view()
                           : trim(std::string_view(clause.text).substr(a.unit_end, end - a.unit_end));
}

// Integers are exact, decimals rounded.
double rounding(const Figure& f) {
  return f.number.decimals() == 0 ? 0 : f.number.half_unit();
}

bool says_headroom(std::string_view text) {
  for (const std::string_view word : {"headroom", "margin", "bytes left", "left over", "bytes under", "under cap",
                                      "under the cap", "below the cap", "spare", "remaining", "under limit"})
    if (text.find(word) != std::string_view::npos) return true;
  return false;
}
bool is_artifact(const Figure& f) {
  return f.number.decimals() == 0 && f.sign == 0 && !f.approximate && f.number.value >= 10e6 &&
         f.number.value <= 17e6 && f.number.value != 16e6 && (f.unit == Unit::none || f.unit == Unit::bytes);
}
bool is_room(const Figure& f) {
  return f.number.decimals() == 0 && !f.approximate && f.number.value < 6e6 && f.number.value >= 100 &&
         (f.unit == Unit::none || f.unit == Unit::bytes);
}

class Checker {
 public:
  Checker(const Submission& s, const Policy& policy) : s_(s), limit_(static_cast<double>(policy.limit_bytes)) {}
  int checked = 0;
  std::vector<RuleResult> results;

  void clause(const Clause& clause) {
    const auto& f = clause.figures;
    for (std::size_t i = 0; i + 2 < f.size(); ++i) {
      change(clause, f[i], f[i + 1], f[i + 2]);
      equation(clause, f[i], f[i + 1], f[i + 2]);
    }
    if (!says_headroom(clause.text)) return;
    for (std::size_t i = 0; i + 1 < f.size(); ++i)
      if (is_artifact(f[i]) && is_room(f[i + 1]) && between(clause, f[i], f[i + 1]) == "(")
        headroom(f[i], f[i + 1], clause.line, clause.raw);
  }

  // Columns "Artifact bytes" and "Headroom".
  void table(const Table& table) {
    std::size_t room = 0, rooms = 0;
    for (std::size_t c = 0; c < table.header.size(); ++c)
      if (says_headroom(table.header[c])) room = c, ++rooms;
    if (rooms != 1) return;
    for (const TableRow& row : table.rows) {
      const Figure* artifact = nullptr;
      int artifacts = 0;
      for (const Clause& cell : row.cells)
        if (cell.figures.size() == 1 && is_artifact(cell.figures.front()))
          artifact = &cell.figures.front(), ++artifacts;
      if (artifacts != 1 || room >= row.cells.size() || row.cells[room].figures.size() != 1) continue;
      if (is_room(row.cells[room].figures.front()))
        headroom(*artifact, row.cells[room].figures.front(), row.line, row.raw);
    }
  }

 private:
  // "1.0775 -> 1.0803 (+.0028)"
  void change(const Clause& clause, const Figure& from, const Figure& to, const Figure& by) {
    if (between(clause, from, to) != "->" || between(clause, to, by) != "(" || by.sign == 0) return;
    if (from.approximate || to.approximate || by.approximate || by.unit == Unit::percent || by.unit == Unit::times)
      return;
    if (from.number.decimals() < 3 || to.number.decimals() < 3) return;
    const Unit unit = by.unit == Unit::none ? to.unit : by.unit;
    if (from.unit != Unit::none && from.unit != unit) return;
    // A difference in other units (nats beside bpb) is PG-CLAIM-UNITS' matter.
    if (unit != to.unit && to.unit != Unit::none) return;
    if (by.unit == Unit::nats && to.unit == Unit::none) return;
    ++checked;
    const double difference = to.value() - from.value();
    if (std::abs(std::abs(difference) - by.number.value) <= slack(by.number, rounding(from) + rounding(to))) return;
    report(fmt::format("from {} to {} the change is {}, not {}", from.number.text, to.number.text,
                       printed_like(by.number, difference), printed_like(by.number, by.value())),
           printed_like(by.number, by.value()), fmt::format("{:.8g}", difference), clause.line, clause.raw);
  }

  // "A - B = C" and the like, on their own.
  void equation(const Clause& clause, const Figure& a, const Figure& b, const Figure& c) {
    const std::string_view operation = between(clause, a, b), equals = between(clause, b, c);
    if (equals != "=" || operation.size() != 1 || b.sign != 0 || a.approximate || b.approximate || c.approximate)
      return;
    if (a.sign != 0 || (c.sign != 0 && operation != "-")) return;
    const std::string_view text = clause.text;
    const std::string_view front = trim(text.substr(0, a.begin)), behind = trim(text.substr(c.unit_end));
    constexpr std::string_view kJoins = "+-x/^=<>%";
    if ((!front.empty() && kJoins.find(front.back()) != std::string_view::npos) ||
        (!behind.empty() && (kJoins.find(behind.front()) != std::string_view::npos)))
      return;
    // A dot or root sign that is not ASCII joins as well.
    if ((!front.empty() && (front.back() & 0x80) != 0) || (!behind.empty() && (behind.front() & 0x80) != 0)) return;
    // "5120 x 64 = 0.33 MB": a unit that appears on one side only may hide a factor.
    const auto scaled = [](Unit u) { return u != Unit::none && u != Unit::bpb && u != Unit::nats && u != Unit::bytes; };
    const auto same = [](Unit x, Unit y) { return x == Unit::none || y == Unit::none || x == y; };
    if (scaled(a.unit) || scaled(b.unit) || scaled(c.unit)) return;
    if (!same(a.unit, b.unit) || !same(b.unit, c.unit) || !same(a.unit, c.unit)) return;
    double result = 0, inputs = 0;
    const double x = a.number.value, y = b.number.value;
    switch (operation.front()) {
      case '-':
        result = x - y, inputs = rounding(a) + rounding(b);
        break;
      case '+':
        result = x + y, inputs = rounding(a) + rounding(b);
        break;
      case 'x':
        result = x * y, inputs = x * rounding(b) + y * rounding(a);
        break;
      case '/':
        if (y == 0) return;
        result = x / y, inputs = rounding(a) / y + x * rounding(b) / (y * y);
        break;
      default:
        return;
    }
    ++checked;
    if (std::abs(result - c.value()) <= slack(c.number, inputs)) return;
    report(fmt::format("{} {} {} is {}, not {}", a.number.text, operation, b.number.text,
                       printed_like(c.number, result), printed_like(c.number, c.value())),
           printed_like(c.number, c.value()), fmt::format("{:.10g}", result), clause.line, clause.raw);
  }

  void headroom(const Figure& artifact, const Figure& room, std::uint32_t line, const std::string& raw) {
    ++checked;
    const double left = limit_ - artifact.number.value;
    if (std::abs(std::abs(left) - room.number.value) <= 0.5) return;
    const bool binary = std::abs(kMebibytes16 - artifact.number.value - room.number.value) <= 0.5;
    report(
        fmt::format("{} bytes leave {} of {}, not {}{}", with_commas(static_cast<std::int64_t>(artifact.number.value)),
                    with_commas(static_cast<std::int64_t>(left)), with_commas(static_cast<std::int64_t>(limit_)),
                    with_commas(static_cast<std::int64_t>(room.number.value)),
                    binary ? ", which counts 16 MiB: the limit is decimal" : ""),
        with_commas(static_cast<std::int64_t>(room.number.value)), with_commas(static_cast<std::int64_t>(left)), line,
        raw);
  }

  void report(std::string message, std::string observed, std::string required, std::uint32_t line,
              const std::string& raw) {
    if (results.size() >= kMaxFindings) return;
    results.push_back(failed(kId, Failure{Severity::warning,
                                          std::move(message),
                                          std::move(observed),
                                          std::move(required),
                                          {readme_evidence(s_, line, raw)},
                                          "Correct the number that is wrong."}));
  }

  const Submission& s_;
  double limit_;
};

}  // namespace

std::vector<RuleResult> check_claim_arithmetic(const Submission& s, const Policy& policy) {
  if (auto none = without_readme(kId, s)) return {*std::move(none)};
  const auto read = readme_figures_remembered(s.readme_text);
  Checker checker(s, policy);
  for (const Clause& clause : read->clauses) checker.clause(clause);
  for (const Table& table : read->tables) checker.table(table);
  if (checker.checked == 0)
    return {not_applicable(kId, "the README holds no sum, change or headroom with all its numbers")};
  return or_passed(std::move(checker.results),
                   passed(kId, fmt::format("{} sums, changes and headrooms are right", checker.checked)));
}

const Rule kRuleClaimArithmetic{
    kId, "sums, changes and headroom in the README",
    "A change written with both ends, a sum with both terms and a headroom beside its size are right.",
    "Only what stands with all its numbers is computed; whether those are right is not decided here.",
    check_claim_arithmetic};

}  // namespace pg::verify

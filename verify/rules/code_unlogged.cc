#include "verify/rules/code_unlogged.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

using py::ExprId;
using py::ExprKind;
using py::StmtKind;

constexpr std::size_t kMaxEvidence = 8;
// A log that keeps so many names at most may lack one for want of room (LogRun::beginnings).
constexpr std::size_t kMaxBeginnings = 256;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The name that a line with this literal beginning has in LogRun::beginnings; "" where the literal does not settle it.
std::string_view settled_name(std::string_view literal) {
  while (!literal.empty() && literal[0] == ' ') literal.remove_prefix(1);
  if (literal.empty() || !is_letter(literal[0])) return {};
  for (std::size_t i = 0; i < literal.size() && i < 80; ++i) {
    const char c = literal[i];
    if (c == ':' || c == '=' || c == '[' || c == '(') return literal.substr(0, i);
    if (c == ' ' && i + 1 < literal.size() && is_digit(literal[i + 1])) return literal.substr(0, i);
    if (!is_letter(c) && !is_digit(c) && std::string_view(" _-+/.").find(c) == std::string_view::npos) return {};
  }
  return {};
}

// A statement that prints one line with a name of its own.
struct Print {
  py::StmtId stmt = 0;
  std::string name;
  std::string sink;  // what prints it: callee and further arguments, as written
};

class Prints {
 public:
  explicit Prints(const py::Module& m) : m_(m) {
    for (py::StmtId s = 0; s < m.stmts.size(); ++s)
      if (auto print = read(s)) blocks_[m.stmt(s).block].push_back(std::move(*print));
  }
  // By block, in source order.
  const std::map<py::BlockId, std::vector<Print>>& blocks() const { return blocks_; }

 private:
  // Whether the line has a digit behind its name, whatever the values: only such lines are kept of a log.
  bool has_number(ExprId text, std::size_t name_end) const {
    const std::string_view written = m_.text(text);
    if (m_.expr(text).kind == ExprKind::string)
      return std::any_of(written.begin() + static_cast<std::ptrdiff_t>(std::min(name_end, written.size())),
                         written.end(), is_digit);
    const auto parts = m_.operands(text);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (m_.expr(parts[i]).kind != ExprKind::interpolation) continue;
      if (const ExprId spec = m_.operand(parts[i], 1); spec != py::kNone) {
        const std::string_view format = m_.text(spec);
        if (!format.empty() && std::string_view("fdeg%,").find(format.back()) != std::string_view::npos) return true;
      } else if (i + 1 < parts.size() && m_.expr(parts[i + 1]).kind == ExprKind::string) {
        const std::string_view behind = m_.text(parts[i + 1]);
        if (behind.starts_with(" bytes") || behind.starts_with("ms") || behind.starts_with(" tokens")) return true;
      }
    }
    return false;
  }

  std::optional<Print> read(py::StmtId s) const {
    const py::Stmt& x = m_.stmt(s);
    if (x.kind != StmtKind::expr || x.value == py::kNone || m_.expr(x.value).kind != ExprKind::call) return {};
    const ExprId text = m_.operand(x.value, 1);
    if (text == py::kNone) return {};
    std::string literal;
    if (m_.expr(text).kind == ExprKind::string) {
      literal = m_.string_value(text);
    } else if (m_.expr(text).kind == ExprKind::fstring && !m_.operands(text).empty() &&
               m_.expr(m_.operand(text, 0)).kind == ExprKind::string) {
      literal = m_.string_value(m_.operand(text, 0));
    }
    const std::string_view name = settled_name(literal);
    if (name.size() < 4 || !has_number(text, name.size())) return {};
    const std::string callee = m_.dotted_name(m_.operand(x.value, 0));
    if (callee.empty()) return {};
    const std::string_view rest = m_.source.substr(m_.expr(text).end, m_.expr(x.value).end - m_.expr(text).end);
    return Print{s, std::string(name), callee + std::string(rest)};
  }

  const py::Module& m_;
  std::map<py::BlockId, std::vector<Print>> blocks_;
};

// What the claimed logs say behind training.
class Logs {
 public:
  explicit Logs(const Submission& s) {
    for (const SubmittedRun* run : claimed_runs(s)) {
      const LogRun& log = s.last_run(*run);
      if (log.beginnings.size() >= kMaxBeginnings) whole_ = false;
      std::uint32_t trained = log.stop_train_time_ms.line;
      for (const auto& step : {log.last_step, log.last_val_step})
        if (step) trained = std::max(trained, step->line);
      for (const LineBeginning& b : log.beginnings) {
        known_.insert(b.name);
        if (trained != 0 && b.line > trained) behind_[run].insert({b.name, &b});
      }
      for (const MetricLine& m : log.metrics) known_.insert(m.name);
      for (const auto& [name, value] : log.hyperparameters) known_.insert(name);
    }
  }
  bool whole() const { return whole_; }
  bool has(const std::string& name) const { return known_.count(name) != 0; }
  // A run that has both lines behind its training, the first one ahead of the second.
  std::optional<std::pair<const SubmittedRun*, std::pair<const LineBeginning*, const LineBeginning*>>> with(
      const std::string& first, const std::string& second) const {
    for (const auto& [run, lines] : behind_) {
      const auto a = lines.find(first), b = lines.find(second);
      if (a != lines.end() && b != lines.end() && a->second->line < b->second->line)
        return std::make_pair(run, std::make_pair(a->second, b->second));
    }
    return {};
  }

 private:
  bool whole_ = true;
  std::set<std::string> known_;
  std::map<const SubmittedRun*, std::map<std::string, const LineBeginning*>> behind_;
};

struct Missing {
  const Print* print = nullptr;
  const SubmittedRun* run = nullptr;
  const LineBeginning *before = nullptr, *behind = nullptr;
};

// Prints of one block that stand between two that a log has: to get to the second, a run passes them.
void find_in_block(const std::vector<Print>& prints, const Logs& logs, std::vector<Missing>& missing) {
  for (std::size_t i = 1; i + 1 < prints.size(); ++i) {
    if (logs.has(prints[i].name)) continue;
    for (std::size_t a = i; a-- > 0;) {
      if (prints[a].sink != prints[i].sink || !logs.has(prints[a].name)) continue;
      for (std::size_t b = i + 1; b < prints.size(); ++b) {
        if (prints[b].sink != prints[i].sink) continue;
        if (const auto found = logs.with(prints[a].name, prints[b].name)) {
          missing.push_back({&prints[i], found->first, found->second.first, found->second.second});
          break;
        }
      }
      break;  // the nearest line ahead that a log has
    }
  }
}

}  // namespace

std::vector<RuleResult> find_unlogged_lines(const Submission& s) {
  const Logs logs(s);
  if (!logs.whole()) return {};
  for (const SourceReading::File& file : source_reading(s).files) {
    if (!file.entry) continue;
    const Prints prints(file.flow->module());
    std::vector<Missing> missing;
    for (const auto& [block, lines] : prints.blocks()) find_in_block(lines, logs, missing);
    if (missing.empty()) continue;
    std::vector<std::string> names;
    for (const Missing& m : missing)
      if (std::find(names.begin(), names.end(), m.print->name) == names.end()) names.push_back(m.print->name);
    const std::size_t kinds = names.size();
    if (names.size() > 6) names.resize(6);
    Failure f;
    f.severity = Severity::warning;
    f.message = fmt::format(
        "{} prints {} between lines that the claimed logs have, and no claimed log has {}: \"{}\"; another script ran, "
        "or "
        "the logs were shortened",
        file.code->path, kinds == 1 ? "a line" : fmt::format("{} lines", kinds), kinds == 1 ? "it" : "them",
        fmt::join(names, "\", \""));
    f.observed = fmt::format("{} of the script's lines missing", kinds);
    f.required = "what the script prints on its way stands in the log";
    f.help = "Ship the script that ran, or the logs as they were written.";
    for (const Missing& m : missing) {
      if (f.evidence.size() + 3 > kMaxEvidence) break;
      const py::Stmt& stmt = file.flow->module().stmt(m.print->stmt);
      f.evidence.push_back(source_evidence(*file.code, stmt.line, stmt.begin, "prints"));
      f.evidence.push_back(log_evidence(s, *m.run, m.before->line, m.before->text));
      f.evidence.push_back(log_evidence(s, *m.run, m.behind->line, m.behind->text));
    }
    return {failed("PG-CODE-LOG", std::move(f))};
  }
  return {};
}

}  // namespace pg::verify

#include "verify/rules/time_timer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-TIME-TIMER";
constexpr int kMaxCallDepth = 3;

using py::ExprId;
using py::ExprKind;
using py::FunctionId;
using py::kNone;
using py::Op;
using py::StmtId;
using py::StmtKind;

// Statements [first, last] of one function lie between reading a clock and subtracting that reading.
struct Interval {
  StmtId first = 0, last = 0;
};

// The timers of one file, and the work on validation tokens that stands ahead of the claimed evaluation's timer.
class Timers {
 public:
  explicit Timers(const py::Flow& flow) : flow_(flow), m_(flow.module()) {
    reads_clock_.assign(m_.functions.size(), false);
    for (ExprId e = 0; e < m_.exprs.size(); ++e)
      if (m_.expr(e).kind == ExprKind::call && is_clock(e)) reads_clock_[m_.expr(e).function] = true;
  }

  // Where the clock of the evaluation that prints `metric` starts; kNone: not found.
  StmtId start_of(std::string_view metric) const {
    for (ExprId e = 0; e < m_.exprs.size(); ++e) {
      if (m_.expr(e).kind != ExprKind::string || m_.expr(e).stmt == kNone) continue;
      const std::size_t at = m_.text(e).substr(0, 300).find(metric);
      if (at == std::string_view::npos || at > 3 || !flow_.runs(m_.expr(e).stmt)) continue;
      if (const StmtId start = start_behind(m_.expr(e).stmt); start != kNone) return start;
    }
    return kNone;
  }

  // Calls ahead of statement `start`, behind training, that walk over validation tokens, are no evaluation of their own
  // and run while no clock does.
  std::vector<ExprId> untimed_ahead_of(StmtId start) const {
    const FunctionId f = m_.stmt(start).function;
    const std::uint32_t trained = end_of_training(f, start);
    const std::vector<Interval> timed = intervals(f);
    std::vector<ExprId> work;
    for (const ExprId call : flow_.program().calls().calls_in(f)) {
      const StmtId s = m_.expr(call).stmt;
      if (s >= start || m_.stmt(s).begin < trained || !flow_.runs(call, s)) continue;
      if (std::any_of(timed.begin(), timed.end(), [&](const Interval& i) { return s >= i.first && s <= i.last; }))
        continue;
      if (is_untimed_work(call) && !flow_.exclusive(s, start)) work.push_back(call);
    }
    return trained == 0 ? std::vector<ExprId>() : work;
  }

 private:
  bool is_clock(ExprId call) const {
    const std::string name = flow_.program().calls().qualified_name(m_.operand(call, 0));
    return name == "time.perf_counter" || name == "time.time" || name == "time.monotonic";
  }

  bool holds_clock(ExprId e) const {
    for (const ExprId x : flow_.below(e))
      if (m_.expr(x).kind == ExprKind::call && is_clock(x)) return true;
    return false;
  }

  // The names that clock readings are compared with below an expression: t0 of `time.perf_counter() - t0`.
  std::vector<ExprId> compared(ExprId e) const {
    std::vector<ExprId> names;
    for (const ExprId x : flow_.below(e)) {
      const bool subtraction = m_.expr(x).kind == ExprKind::binary && m_.expr(x).op == Op::sub;
      if (subtraction && m_.expr(m_.operand(x, 1)).kind == ExprKind::name && holds_clock(m_.operand(x, 0)))
        names.push_back(m_.operand(x, 1));
    }
    return names;
  }

  // The statement that read the clock which a name still holds.
  StmtId reading(ExprId name) const {
    for (const std::uint32_t d : flow_.defs().reaching(name)) {
      const py::Def& def = flow_.defs().def(d);
      if (def.stmt != kNone && def.value != kNone && holds_clock(def.value)) return def.stmt;
    }
    return kNone;
  }

  // The clock behind a printed time: subtracted in the statement itself or in one that a printed name comes from; or
  // inside a function that the statement calls (`timed("ttt", evaluate, model)`), then the statement itself.
  StmtId start_behind(StmtId print) const {
    const py::Stmt& s = m_.stmt(print);
    for (ExprId e = s.first_expr; e < s.end_expr; ++e) {
      std::vector<ExprId> names;
      if (m_.expr(e).kind == ExprKind::binary) names = compared(e);
      if (m_.expr(e).kind == ExprKind::name)
        for (const std::uint32_t d : flow_.defs().reaching(e))
          if (flow_.defs().def(d).value != kNone && flow_.defs().def(d).stmt != kNone)
            for (const ExprId name : compared(flow_.defs().def(d).value)) names.push_back(name);
      for (const ExprId name : names)
        if (const StmtId start = reading(name); start != kNone && m_.stmt(start).function == s.function) return start;
    }
    for (ExprId e = s.first_expr; e < s.end_expr; ++e) {
      if (m_.expr(e).kind != ExprKind::call) continue;
      const auto run = flow_.run_by(e);
      // More than one: the helper and the evaluation handed to it; a logger that stamps its lines runs alone.
      if (run.size() > 1 && std::any_of(run.begin(), run.end(), [&](FunctionId g) { return reads_clock_[g]; }))
        return print;
    }
    return kNone;
  }

  std::vector<Interval> intervals(FunctionId f) const {
    std::vector<Interval> out;
    for (StmtId s = 0; s < m_.stmts.size(); ++s) {
      if (m_.stmt(s).function != f) continue;
      for (ExprId e = m_.stmt(s).first_expr; e < m_.stmt(s).end_expr; ++e) {
        if (m_.expr(e).kind != ExprKind::binary || m_.expr(e).op != Op::sub) continue;
        for (const ExprId name : compared(e))
          if (const StmtId start = reading(name); start != kNone) out.push_back({start, s});
      }
    }
    return out;
  }

  // loss.backward(), unless the loss is of validation tokens only.
  bool is_training_step(ExprId call) const {
    const ExprId callee = m_.operand(call, 0);
    return m_.expr(callee).kind == ExprKind::attribute && m_.name(callee) == "backward" &&
           (flow_.labels().of(m_.operand(callee, 0)) & (py::label::kTrain | py::label::kVal)) != py::label::kVal;
  }

  bool trains(FunctionId f) const {
    const auto calls = flow_.program().calls().calls_in(f);
    return std::any_of(calls.begin(), calls.end(), [&](ExprId call) { return is_training_step(call); });
  }

  // Where the last loop or call that trains ends, ahead of `start`: a byte of the source; 0: it trains nowhere here.
  std::uint32_t end_of_training(FunctionId f, StmtId start) const {
    std::uint32_t end = 0;
    for (const ExprId call : flow_.program().calls().calls_in(f)) {
      const StmtId s = m_.expr(call).stmt;
      if (s >= start) continue;
      const auto run = flow_.run_by(call);
      if (!is_training_step(call) && std::none_of(run.begin(), run.end(), [&](FunctionId g) { return trains(g); }))
        continue;
      const auto loops = flow_.loops_around(s);
      end = std::max(end, m_.stmt(loops.empty() ? s : loops.back()).end);
    }
    return end;
  }

  bool has_loop(FunctionId f) const {
    return std::any_of(m_.stmts.begin(), m_.stmts.end(), [&](const py::Stmt& s) {
      return s.function == f && (s.kind == StmtKind::for_ || s.kind == StmtKind::while_);
    });
  }

  bool reads_clock(FunctionId f, int depth) const {
    if (reads_clock_[f]) return true;
    if (depth >= kMaxCallDepth) return false;
    for (const ExprId call : flow_.program().calls().calls_in(f))
      for (const FunctionId g : flow_.run_by(call))
        if (reads_clock(g, depth + 1)) return true;
    return false;
  }

  bool is_untimed_work(ExprId call) const {
    // Tokens themselves, not what was made of them and of training data as well (Hessians, a model).
    const auto is_tokens = [&](ExprId argument) {
      if (m_.expr(argument).kind == ExprKind::keyword) argument = m_.operand(argument, 0);
      using namespace py::label;
      return (flow_.labels().of(argument) & (kVal | kTrain | kGold | kProb | kOptimizer)) == kVal;
    };
    const auto arguments = m_.operands(call).subspan(1);
    if (std::none_of(arguments.begin(), arguments.end(), is_tokens)) return false;
    const auto run = flow_.run_by(call);
    bool loops = false;
    for (const FunctionId g : run) {
      if (flow_.is_scorer(g) || reads_clock(g, 0)) return false;
      loops = loops || has_loop(g);
    }
    return loops;
  }

  const py::Flow& flow_;
  const py::Module& m_;
  std::vector<bool> reads_clock_;  // by function
};

std::string base_name(std::string name) {
  if (name.ends_with("_exact")) name.resize(name.size() - 6);
  return name.substr(0, name.find(' '));
}

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  if (!s.is_record_track()) return {not_applicable(kId, "the limits bind the record track only")};
  const SubmittedRun* run = nullptr;
  for (const SubmittedRun* claimed : claimed_runs(s))
    if (s.last_run(*claimed).metric >= 0 && s.last_run(*claimed).eval_time_ms) run = claimed;
  if (run == nullptr) return {not_applicable(kId, "skipped: no log times its claimed evaluation (PG-TIME-EVAL)")};
  const SourceReading& reading = source_reading(s);
  if (!reading.unread.empty()) return {not_applicable(kId, "skipped: the script could not be read (PG-CODE-OPAQUE)")};
  const std::string metric = base_name(s.last_run(*run).metric_name);
  bool found = false;
  auto r = failed(kId, Severity::warning, "", "Start the timer ahead of everything that the evaluation needs.");
  for (const SourceReading::File& file : reading.files) {
    const Timers timers(*file.flow);
    const StmtId start = metric.size() < 4 ? kNone : timers.start_of(metric);
    if (start == kNone) continue;
    found = true;
    const py::Module& m = file.flow->module();
    const std::vector<ExprId> work = timers.untimed_ahead_of(start);
    for (const ExprId call : work)
      r.evidence.push_back(
          source_evidence(*file.code, m.expr(call).line, m.expr(call).begin, "works on validation tokens, untimed"));
    if (!work.empty())
      r.evidence.push_back(source_evidence(*file.code, m.stmt(start).line, m.stmt(start).begin,
                                           fmt::format("the clock behind {} starts here", metric)));
  }
  if (!r.evidence.empty()) {
    r.message = fmt::format(
        "work on validation tokens stands between training and the start of the clock behind {}, and no other clock "
        "runs there: if it belongs to the evaluation, the printed time is too short",
        metric);
    r.evidence.push_back(log_evidence(s, *run, s.last_run(*run).metric_line,
                                      fmt::format("eval_time {} ms", *s.last_run(*run).eval_time_ms)));
    return {std::move(r)};
  }
  if (!found) return {not_applicable(kId, "the clock behind the claimed score was not found in the source")};
  return {passed(kId, "no untimed work on validation tokens was found ahead of the claimed evaluation's clock")};
}

}  // namespace

const Rule kRuleTimeTimer{kId, "work ahead of the timer",
                          "What an evaluation does with validation tokens runs while its clock, or another, does.",
                          "Work that the source reading does not recognise, and loading of the model, are not seen.",
                          check};

}  // namespace pg::verify

#include "verify/source/flow_late.h"

#include <algorithm>
#include <string_view>

namespace pg::verify::py {
namespace {

using Kind = Finding::Kind;

class LateCheck {
 public:
  explicit LateCheck(const Flow& flow) : flow_(flow), m_(flow.module()) {
    trains_.assign(m_.functions.size(), false);
    for (ExprId e = 0; e < m_.exprs.size(); ++e)
      if (is_backward(e)) {
        const StmtId s = m_.expr(e).stmt;
        if (!flow_.loops_around(s).empty()) training_.push_back(s), trains_[m_.stmts[s].function] = true;
      }
    for (int round = 0; round < 4; ++round)
      for (FunctionId f = 1; f < m_.functions.size(); ++f)
        if (trains_[f])
          for (const Site& c : flow_.callers(f))
            if (c.function != 0) trains_[c.function] = true;
  }

  // Whether a statement runs behind the training loop, in this function or in one that leads to it.
  bool behind_training(StmtId s) {
    if (in_training_loop(s)) return false;
    visited_.clear();
    trace_.clear();
    const bool late = climb(m_.stmts[s].function, s, 0);
    found_.clear();
    return late;
  }

  std::vector<Finding> run() {
    for (ExprId e = 0; e < m_.exprs.size(); ++e) {
      if (m_.expr(e).kind != ExprKind::call || m_.expr(e).stmt == kNone || !reads_training_data(e)) continue;
      const StmtId s = m_.expr(e).stmt;
      if (!flow_.runs(s) || in_training_loop(s)) continue;
      if (++starts_ > 200) break;
      visited_.clear();
      trace_ = {
          {e, kNone, counts(e) ? "a table is filled with training tokens" : "the model runs over training tokens"}};
      if (climb(m_.stmts[s].function, s, 0)) return std::move(found_);
    }
    return {};
  }

 private:
  bool is_backward(ExprId e) const {
    if (m_.expr(e).kind != ExprKind::call || m_.expr(e).stmt == kNone) return false;
    const ExprId callee = m_.operand(e, 0);
    if (callee == kNone || m_.expr(callee).kind != ExprKind::attribute || m_.name(callee) != "backward") return false;
    return flow_.labels().has(m_.operand(callee, 0), label::kTrain);
  }

  // np.add.at(table, keys, 1), table.scatter_add_(0, keys, ones) ...
  bool counts(ExprId e) const {
    const std::string& name = flow_.labels().callee_name(e);
    const std::string_view last = last_part(name);
    return name.ends_with("add.at") || last == "bincount" || last == "index_add_" || last == "scatter_add_" ||
           last == "index_put_";
  }

  // model(x), a method of a module, or counting, over training tokens.
  bool reads_training_data(ExprId e) const {
    bool train = false;
    for (std::uint32_t i = 1; i < m_.expr(e).operands.count; ++i) {
      const std::uint64_t l = flow_.labels().of(m_.operand(e, i));
      train |= (l & label::kTrain) && !(l & (label::kVal | label::kGold | label::kProb));
    }
    if (!train) return false;
    if (counts(e) || flow_.labels().is_model_call(e)) return true;
    for (const Callee& c : flow_.program().calls().callees(e)) {
      const std::string_view name = m_.symbol(m_.functions[c.function].name);
      if (m_.functions[c.function].cls != kNone && name.starts_with("forward")) return true;
    }
    return m_.name(m_.operand(e, 0)).starts_with("forward");
  }

  bool in_training_loop(StmtId s) const {
    for (const StmtId l : flow_.loops_around(s))
      for (const StmtId t : training_)
        if (flow_.inside(t, l)) return true;
    return false;
  }

  bool climb(FunctionId f, StmtId s, int depth) {
    if (depth > 6 || std::find(visited_.begin(), visited_.end(), f) != visited_.end()) return false;
    visited_.push_back(f);
    for (const StmtId t : training_)
      if (m_.stmts[t].function == f && t < s && !in_training_loop(s)) return report(kNone, t);
    for (const ExprId call : flow_.program().calls().calls_in(f)) {
      const StmtId t = m_.expr(call).stmt;
      if (t == kNone || t >= s || !flow_.runs(t) || flow_.exclusive(t, s)) continue;
      for (const FunctionId g : flow_.run_by(call))
        if (trains_[g] && g != f) return report(call, kNone);
    }
    for (const Site& caller : flow_.callers(f)) {
      if (!flow_.runs(caller.stmt) || in_training_loop(caller.stmt)) continue;
      trace_.push_back({caller.expr, caller.stmt, "called here"});
      const bool late = climb(caller.function, caller.stmt, depth + 1);
      if (late) return true;
      trace_.pop_back();
    }
    return false;
  }

  bool report(ExprId call, StmtId training) {
    Finding f;
    f.kind = Kind::late_training_data;
    f.trace = trace_;
    f.trace.push_back({call, training, "behind the training loop, which is here"});
    f.confidence = .8;
    found_.push_back(std::move(f));
    return true;
  }

  const Flow& flow_;
  const Module& m_;
  int starts_ = 0;
  std::vector<StmtId> training_;
  std::vector<bool> trains_;
  std::vector<FunctionId> visited_;
  std::vector<TraceStep> trace_;
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> find_late_training_data(const Flow& flow) {
  return LateCheck(flow).run();
}

bool behind_training(const Flow& flow, StmtId statement) {
  return LateCheck(flow).behind_training(statement);
}

}  // namespace pg::verify::py

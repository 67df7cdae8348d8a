#include "verify/source/flow_order.h"

#include <algorithm>
#include <optional>

namespace pg::verify::py {
namespace {

using Kind = Finding::Kind;
constexpr int kMaxClimb = 8, kMaxStarts = 200;

class OrderCheck {
 public:
  explicit OrderCheck(const Flow& flow) : flow_(flow), m_(flow.module()) {}

  std::vector<Finding> run() {
    for (ExprId e = 0; e < m_.exprs.size() && starts_ < kMaxStarts; ++e) {
      if (m_.expr(e).kind != ExprKind::call || m_.expr(e).stmt == kNone) continue;
      const StmtId s = m_.expr(e).stmt;
      if (!flow_.runs(s) || (m_.stmts[s].function != 0 && !is_reached(m_.stmts[s].function, 0))) continue;
      if (learns(e)) {
        start(e, "the gradient of a loss on validation tokens", Kind::adapt_then_score);
      } else if (calibrates(e)) {
        start(e, "validation tokens pass the model while hooks collect statistics", Kind::calibrate_on_val);
      }
    }
    return std::move(found_);
  }

 private:
  // Whether a place that runs calls the function or hands it over; yes where nobody is seen to.
  bool is_reached(FunctionId f, int depth) const {
    if (depth > kMaxClimb || flow_.callers(f).empty()) return true;
    return std::ranges::any_of(flow_.callers(f), [&](const Site& c) {
      return flow_.runs(c.stmt) && (c.function == 0 || c.function == f || is_reached(c.function, depth + 1));
    });
  }

  // loss.backward(), torch.autograd.grad(loss, ...) on validation tokens.
  bool learns(ExprId call) const {
    const ExprId callee = m_.operand(call, 0);
    if (callee == kNone || m_.expr(callee).kind != ExprKind::attribute) return false;
    const std::string_view name = m_.name(callee);
    if (name == "backward") return flow_.labels().has(m_.operand(callee, 0), label::kVal | label::kGold);
    if (name == "grad" && m_.expr(call).operands.count > 2)
      return flow_.labels().has(m_.operand(call, 1), label::kVal | label::kGold);
    return false;
  }

  bool runs_model(ExprId call) const {
    if (flow_.labels().is_model_call(call)) return true;
    const auto callees = flow_.program().calls().callees(call);
    return std::ranges::any_of(callees, [&](const Callee& c) { return flow_.of_module(c.function); });
  }

  // A forward pass over validation tokens in a function that hooks the layers and gives no score back.
  bool calibrates(ExprId call) const {
    const FunctionId f = m_.stmts[m_.expr(call).stmt].function;
    if (f == 0 || flow_.is_scorer(f) || !runs_model(call)) return false;
    bool val = false;
    for (std::uint32_t i = 1; i < m_.expr(call).operands.count; ++i) {
      const std::uint64_t l = flow_.labels().of(m_.operand(call, i));
      val |= (l & label::kVal) && !(l & label::kTrain);
    }
    if (!val) return false;
    for (const ExprId other : flow_.program().calls().calls_in(f)) {
      const ExprId callee = m_.operand(other, 0);
      if (callee != kNone && m_.name(callee).starts_with("register_forward")) return true;
    }
    return false;
  }

  void start(ExprId call, std::string what, Kind kind) {
    ++starts_;
    first_ = call;
    kind_ = kind;
    trace_.clear();
    trace_.push_back({call, kNone, std::move(what)});
    visited_.clear();
    climb(m_.stmts[m_.expr(call).stmt].function, m_.expr(call).stmt, 0);
  }

  // What the optimizer behind the gradient owns: made in this function (fresh), and a bare tensor?
  struct Owner {
    bool known = false, fresh = false, tensor = false;
    Symbol name = 0;
    FunctionId home = 0;  // where the step stands: the gradient's function, or the one around a closure
  };
  Owner owner() const {
    const StmtId at = m_.expr(first_).stmt;
    FunctionId f = m_.stmts[at].function;
    for (int level = 0; level < 2 && f != kNone; ++level, f = m_.functions[f].parent) {
      for (const ExprId call : flow_.program().calls().calls_in(f)) {
        const ExprId callee = m_.operand(call, 0);
        if (m_.expr(call).stmt < at || callee == kNone || m_.name(callee) != "step") continue;
        const ExprId receiver = m_.operand(callee, 0);
        if (!(flow_.labels().of(receiver) & label::kOptimizer)) continue;
        Owner own = owner_of(f, receiver, 0);
        own.home = f;
        return own;
      }
    }
    return {};
  }

  Owner owner_of(FunctionId f, ExprId e, int depth) const {
    Owner out;
    if (depth > 6) return out;
    for (const ExprId part : flow_.below(e)) {
      if (m_.expr(part).kind != ExprKind::name) continue;
      for (const std::uint32_t id : flow_.defs().reaching(part)) {
        const Def& d = flow_.defs().def(id);
        if (d.function != f || d.kind == Def::Kind::parameter || d.value == kNone) {
          if (depth > 0 && (flow_.labels().of(part) & label::kOwn) == 0 && is_model_like(part))
            return {true, false, false, m_.expr(part).name};
          continue;
        }
        const Owner inner = owner_of_value(f, d, depth);
        if (inner.known) return inner;
      }
    }
    return out;
  }

  // A name whose parameters() or attributes are taken: a model.
  bool is_model_like(ExprId name) const {
    const ExprId p = m_.expr(name).parent;
    return p != kNone && m_.expr(p).kind == ExprKind::attribute &&
           (m_.name(p).find("parameters") != std::string_view::npos || m_.name(p) == "blocks");
  }

  Owner owner_of_value(FunctionId f, const Def& d, int depth) const {
    ExprId made = d.value;  // Module(...).to(device): what is made is in front
    for (int i = 0; i < 8 && m_.expr(made).kind == ExprKind::call; ++i) {
      const ExprId callee = m_.operand(made, 0);
      if (m_.expr(callee).kind != ExprKind::attribute || m_.expr(m_.operand(callee, 0)).kind != ExprKind::call) break;
      made = m_.operand(callee, 0);
    }
    if (m_.expr(made).kind == ExprKind::call) {
      for (const Callee& c : flow_.program().calls().callees(made))
        if (m_.symbol(m_.functions[c.function].name) == "__init__" && !(flow_.labels().of(d.value) & label::kOptimizer))
          return {true, true, false, d.name};
      const std::string name = flow_.program().calls().qualified_name(m_.operand(made, 0));
      const std::string_view last = last_part(name);
      if (name.starts_with("torch.nn.") || name.starts_with("nn.")) return {true, true, last == "Parameter", d.name};
      if (last == "zeros" || last == "zeros_like" || last == "Parameter" || last == "requires_grad_" ||
          last == "randn" || last == "ones")
        return {true, true, true, d.name};
    }
    return owner_of(f, d.value, depth + 1);
  }

  // Whether the function mentions the name behind a statement, `del` aside.
  bool used_behind(FunctionId f, Symbol name, StmtId s) const {
    const std::uint32_t end = m_.stmts[s].end;
    for (const Expr& e : m_.exprs)
      if (e.kind == ExprKind::name && e.name == name && e.begin > end && e.stmt != kNone &&
          m_.stmts[e.stmt].function == f && m_.stmts[e.stmt].kind != StmtKind::del)
        return true;
    return false;
  }

  // Whether a name's value is among what the function gives back.
  bool leaves(FunctionId f, Symbol name) const {
    std::vector<ExprId> returned;
    for (const Stmt& s : m_.stmts)
      if (s.kind == StmtKind::return_ && s.function == f && s.value != kNone) returned.push_back(s.value);
    for (const ExprId r : returned)
      for (const ExprId e : flow_.below(r))
        if (m_.expr(e).kind == ExprKind::name && m_.expr(e).name == name) return true;
    return false;
  }

  void report(Kind kind, const Site& score, std::string what, double confidence) {
    Finding finding;
    finding.kind = kind;
    finding.trace = trace_;
    finding.trace.push_back({score.expr, score.stmt, std::move(what)});
    finding.confidence = confidence;
    found_.push_back(std::move(finding));
  }

  bool common_loop(StmtId a, StmtId b, StmtId& loop) const {
    for (const StmtId l : flow_.loops_around(a))
      if (flow_.inside(b, l)) return loop = l, true;
    return false;
  }

  // The site's own call or the function that holds it is not a score to compare with.
  bool contains(const Site& score, StmtId s) const { return score.stmt == s; }

  void climb(FunctionId f, StmtId s, int depth) {
    if (depth > kMaxClimb || std::find(visited_.begin(), visited_.end(), f) != visited_.end()) return;
    visited_.push_back(f);
    bool before = false;
    std::optional<Site> after;
    for (const Site& score : flow_.scores(f)) {
      if (contains(score, s)) continue;
      StmtId common = kNone;
      const bool shared = common_loop(s, score.stmt, common);
      if (score.stmt < s && shared && !flow_.exclusive(score.stmt, s)) {
        before = true;
        if (check_epochs(f, s, score, common)) return;
      }
      if (score.stmt > s && !flow_.exclusive(s, score.stmt) && !after) after = score;
    }
    if (before) return;
    if (after) return adapted(f, s, *after);
    for (const Site& caller : flow_.callers(f)) {
      if (!flow_.runs(caller.stmt)) continue;
      trace_.push_back({caller.expr, caller.stmt, "called here"});
      climb(caller.function, caller.stmt, depth + 1);
      trace_.pop_back();
      if (found_.size() > 64) return;
    }
  }

  void adapted(FunctionId f, StmtId s, const Site& score) {
    const Owner own = owner();
    if (own.known && own.fresh && f != own.home && !leaves(own.home, own.name))
      return report(Kind::throw_away, score, "scored here; the adapted values do not get here", .7);
    if (own.known && own.fresh && f == own.home) {
      if (!used_behind(f, own.name, s))
        return report(Kind::throw_away, score, "scored here; the adapted values are not used", .7);
      if (own.tensor) return report(Kind::per_sample, score, "scored here with what was fitted", .8);
    }
    StmtId common = kNone;
    if (common_loop(s, score.stmt, common) && guarded_in(s, common))
      return report(Kind::previous_chunk, score, "scored here, behind it in the same loop", .5);
    report(kind_, score, "and scored here, with what was learned from it", .9);
  }

  // An `if` between the loop and the statement: the first turn may skip it.
  bool guarded_in(StmtId s, StmtId loop) const {
    for (StmtId at = s; at != kNone && at != loop;) {
      const BlockId b = m_.stmts[at].block;
      at = b == kNone ? kNone : m_.blocks[b].owner;
      if (at != kNone && at != loop && m_.stmts[at].kind == StmtKind::if_) {
        for (const ExprId e : flow_.below(m_.stmts[at].value))
          if (m_.expr(e).kind == ExprKind::compare) return true;
      }
    }
    return false;
  }

  // A loop around scoring and learning that does not choose the tokens: the second turn scores what was learned.
  bool check_epochs(FunctionId f, StmtId s, const Site& score, StmtId loop) {
    for (const StmtId l : flow_.loops_around(s)) {
      if (!flow_.inside(score.stmt, l) || m_.stmts[l].kind != StmtKind::for_) continue;
      if (m_.stmts[l].begin > m_.stmts[loop].begin) continue;
      if (selects_data(f, l, score)) continue;
      const auto turns = trip_count(l);
      if (turns && *turns <= 1) continue;
      trace_.push_back({kNone, l,
                        turns ? "this loop goes over the same tokens " + std::to_string(*turns) + " times"
                              : "this loop goes over the same tokens again"});
      report(Kind::epochs_of_scoring, score, "scored inside it, behind learning from them in the turn before",
             turns ? .9 : .7);
      trace_.pop_back();
      return true;
    }
    return false;
  }

  bool selects_data(FunctionId f, StmtId loop, const Site& score) const {
    std::vector<Symbol> names;
    for (const ExprId t : m_.targets(loop))
      for (const ExprId e : flow_.below(t))
        if (m_.expr(e).kind == ExprKind::name) names.push_back(m_.expr(e).name);
    const std::uint64_t iterated = flow_.labels().of(m_.stmts[loop].value);
    if (iterated & (label::kVal | label::kTrain)) return true;
    // Forward: names in the loop that are made of the loop's variable.
    for (int round = 0; round < 6; ++round) {
      const std::size_t before = names.size();
      for (const std::uint32_t id : flow_.defs().in(f)) {
        const Def& d = flow_.defs().def(id);
        if (d.value == kNone || d.stmt == kNone || !flow_.inside(d.stmt, loop) || d.stmt == loop) continue;
        if (std::find(names.begin(), names.end(), d.name) != names.end()) continue;
        for (const ExprId e : flow_.below(d.value))
          if (m_.expr(e).kind == ExprKind::name &&
              std::find(names.begin(), names.end(), m_.expr(e).name) != names.end()) {
            names.push_back(d.name);
            break;
          }
      }
      if (names.size() == before) break;
    }
    // Backward: what the score's tokens are cut out with.
    std::vector<ExprId> roots{score.expr};
    std::vector<Symbol> seen;
    for (std::size_t i = 0; i < roots.size() && i < 200; ++i) {
      for (const ExprId e : flow_.below(roots[i])) {
        const Expr& x = m_.expr(e);
        if (x.kind == ExprKind::name && std::find(seen.begin(), seen.end(), x.name) == seen.end()) {
          seen.push_back(x.name);
          for (const std::uint32_t id : flow_.defs().of(f, x.name)) {
            const Def& d = flow_.defs().def(id);
            if (d.value != kNone && d.stmt != kNone && flow_.inside(d.stmt, loop)) roots.push_back(d.value);
          }
        }
        const bool cut = x.kind == ExprKind::subscript && flow_.labels().has(m_.operand(e, 0), label::kVal) &&
                         !(flow_.labels().of(m_.operand(e, 0)) & label::kGold);
        const bool handed = x.kind == ExprKind::call && e == score.expr;
        if (!cut && !handed) continue;
        for (std::uint32_t o = 1; o < x.operands.count; ++o)
          for (const ExprId part : flow_.below(m_.operand(e, o)))
            if (m_.expr(part).kind == ExprKind::name &&
                std::find(names.begin(), names.end(), m_.expr(part).name) != names.end())
              return true;
      }
    }
    return false;
  }

  std::optional<std::int64_t> trip_count(StmtId loop) const {
    const ExprId it = m_.stmts[loop].value;
    if (it == kNone || m_.expr(it).kind != ExprKind::call || m_.name(m_.operand(it, 0)) != "range") return std::nullopt;
    const auto count = m_.expr(it).operands.count;
    const Value last = flow_.program().folder().fold(m_.operand(it, count > 2 ? 2 : 1)).value;
    if (!last.known() || !last.is_number()) return std::nullopt;
    std::int64_t first = 0;
    if (count > 2) {
      const Value v = flow_.program().folder().fold(m_.operand(it, 1)).value;
      if (!v.known() || !v.is_number()) return std::nullopt;
      first = static_cast<std::int64_t>(v.number());
    }
    return static_cast<std::int64_t>(last.number()) - first;
  }

  const Flow& flow_;
  const Module& m_;
  int starts_ = 0;
  ExprId first_ = kNone;
  Kind kind_ = Kind::adapt_then_score;
  std::vector<TraceStep> trace_;
  std::vector<FunctionId> visited_;
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> find_order_violations(const Flow& flow) {
  return OrderCheck(flow).run();
}

}  // namespace pg::verify::py

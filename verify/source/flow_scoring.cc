#include "verify/source/flow_scoring.h"

#include <algorithm>
#include <string_view>

namespace pg::verify::py {
namespace {

using Kind = Finding::Kind;

bool is_log(std::string_view name) {
  return name == "log" || name == "log2" || name == "log_" || name == "log10" || name == "logsumexp" ||
         name == "logaddexp" || name == "log1p";
}

class ScoringCheck {
 public:
  explicit ScoringCheck(const Flow& flow) : flow_(flow), m_(flow.module()) {}

  std::vector<Finding> run() {
    for (ExprId e = 0; e < m_.exprs.size() && found_.size() < 64; ++e) {
      if (m_.expr(e).stmt == kNone || !flow_.runs(m_.expr(e).stmt)) continue;
      if (m_.expr(e).kind == ExprKind::call) {
        blended(e);
        smaller(e);
      } else if (m_.expr(e).kind == ExprKind::compare) {
        compared(e);
        answered(e);
      }
    }
    return std::move(found_);
  }

 private:
  std::uint64_t inputs(ExprId call) const {
    std::uint64_t l = 0;
    const ExprId callee = m_.operand(call, 0);
    if (callee != kNone && m_.expr(callee).kind == ExprKind::attribute) l |= flow_.labels().of(m_.operand(callee, 0));
    for (std::uint32_t i = 1; i < m_.expr(call).operands.count; ++i) l |= flow_.labels().of(m_.operand(call, i));
    return l;
  }

  bool is_discarded(ExprId call) const {
    return m_.expr(call).parent == kNone && m_.stmts[m_.expr(call).stmt].kind == StmtKind::expr;
  }

  // One finding per function and kind.
  bool first_in(ExprId e, Kind kind) {
    const std::pair<FunctionId, Kind> key{m_.stmts[m_.expr(e).stmt].function, kind};
    if (std::find(done_.begin(), done_.end(), key) != done_.end()) return false;
    done_.push_back(key);
    return true;
  }

  void blended(ExprId call) {
    const std::string& name = flow_.labels().callee_name(call);
    if (!is_log(last_part(name)) || is_discarded(call)) return;  // log("..."): a script's own way to print
    const std::uint64_t l = inputs(call);
    constexpr std::uint64_t kNeeded = label::kBlend | label::kGold | label::kVal;
    if (!flow_.labels().makes_blend(call) && (l & kNeeded) != kNeeded) return;
    if (!first_in(call, Kind::blend_at_gold)) return;
    Finding f;
    f.kind = Kind::blend_at_gold;
    f.confidence = .85;
    trace_blend(call, f);
    f.trace.push_back({call, kNone, "the logarithm of the mixture becomes the score"});
    found_.push_back(std::move(f));
  }

  void trace_blend(ExprId call, Finding& f) const {
    const FunctionId function = m_.stmts[m_.expr(call).stmt].function;
    ExprId blend = kNone;
    for (ExprId e = 0; e < m_.exprs.size(); ++e) {
      if (!flow_.labels().makes_blend(e) || m_.expr(e).stmt == kNone) continue;
      const bool same = m_.stmts[m_.expr(e).stmt].function == function;
      if (blend == kNone || same) blend = e;
      if (same) break;
    }
    if (blend == kNone) return;
    const ExprId lookup = lookup_behind(blend);
    if (lookup != kNone) f.trace.push_back({lookup, kNone, "a table is read under a key made of validation tokens"});
    f.trace.push_back({blend, kNone, "its answer is mixed with the model's probability of the target alone"});
  }

  ExprId lookup_behind(ExprId blend) const {
    const FunctionId function = m_.stmts[m_.expr(blend).stmt].function;
    const auto is_lookup = [&](ExprId e) {
      const Expr& x = m_.expr(e);
      if (x.kind != ExprKind::subscript && x.kind != ExprKind::call) return false;
      const ExprId object = x.kind == ExprKind::call && m_.expr(m_.operand(e, 0)).kind == ExprKind::attribute
                                ? m_.operand(m_.operand(e, 0), 0)
                                : m_.operand(e, 0);
      return (flow_.labels().of(e) & label::kLookup) && !(flow_.labels().of(object) & (label::kGold | label::kProb)) &&
             x.operands.count > 1 && (flow_.labels().of(m_.operand(e, 1)) & label::kVal);
    };
    for (const Symbol name : flow_.slice(function, {blend}))
      for (const std::uint32_t d : flow_.defs().of(function, name))
        for (const ExprId e : flow_.below(flow_.defs().def(d).value))
          if (is_lookup(e)) return e;
    return kNone;
  }

  bool score_like(ExprId e) const {
    constexpr std::uint64_t kScore = label::kGold | label::kVal;
    return e != kNone && (flow_.labels().of(e) & kScore) == kScore;
  }

  // What a table answers, or a count: clipping one by another is no choice between scores.
  bool is_count(ExprId e) const {
    const std::uint64_t l = flow_.labels().of(e);
    return (l & label::kLookup) && !(l & (label::kBlend | label::kProb));
  }

  // cross_entropy(..., reduction="none"): one loss per token; without it their mean.
  bool is_per_token(ExprId call) const {
    for (const ExprId argument : m_.operands(call))
      if (argument != kNone && m_.expr(argument).kind == ExprKind::keyword && m_.name(argument) == "reduction") {
        const Value& how = flow_.program().folder().fold(m_.operand(argument, 0)).value;
        return !how.known() || how.text != "mean";
      }
    return false;
  }

  // minimum(hits, total) / total: a count kept below the count it is divided by.
  bool caps_numerator(ExprId call, ExprId a, ExprId b) const {
    std::vector<Symbol> capped, bounds;
    for (const ExprId target : m_.targets(m_.expr(call).stmt))
      if (target != kNone && m_.expr(target).kind == ExprKind::name) capped.push_back(m_.expr(target).name);
    for (const ExprId operand : {a, b})
      for (const ExprId e : flow_.below(operand))
        if (m_.expr(e).kind == ExprKind::name) bounds.push_back(m_.expr(e).name);
    const auto mentions = [&](ExprId e, const std::vector<Symbol>& names) {
      return std::ranges::any_of(flow_.below(e), [&](ExprId part) {
        return part == call || (m_.expr(part).kind == ExprKind::name &&
                                std::find(names.begin(), names.end(), m_.expr(part).name) != names.end());
      });
    };
    const FunctionId f = m_.stmts[m_.expr(call).stmt].function;
    for (ExprId e = 0; e < m_.exprs.size(); ++e) {
      const Expr& x = m_.expr(e);
      if (x.kind != ExprKind::binary || x.op != Op::div || x.stmt == kNone || m_.stmts[x.stmt].function != f) continue;
      if (mentions(m_.operand(e, 0), capped) && mentions(m_.operand(e, 1), bounds)) return true;
    }
    return false;
  }

  // Means, medians and thresholds of losses.
  bool is_statistic(ExprId e, int depth = 0) const {
    for (const ExprId part : flow_.below(e)) {
      const Expr& x = m_.expr(part);
      if (x.kind == ExprKind::call) {
        const std::string& name = flow_.labels().callee_name(part);
        const std::string_view last = last_part(name);
        if (last == "mean" || last == "median" || last == "quantile" || last == "percentile" || last == "std" ||
            last == "nanmedian" || last == "kthvalue" || last == "topk")
          return true;
        if (last == "cross_entropy" || last == "nll_loss") return !is_per_token(part);
      }
      if (x.kind != ExprKind::name || depth > 2) continue;
      for (const std::uint32_t d : flow_.defs().reaching(part))
        if (flow_.defs().def(d).kind == Def::Kind::value && flow_.defs().def(d).value != kNone &&
            flow_.defs().def(d).index < 0 && is_statistic(flow_.defs().def(d).value, depth + 1))
          return true;
    }
    return false;
  }

  // Whether what the condition decides is one of the compared values: `if new < old: old = new`, where(c, new, old).
  bool keeps_one(ExprId compare) const {
    std::vector<Symbol> names;
    for (const ExprId e : flow_.below(compare))
      if (m_.expr(e).kind == ExprKind::name) names.push_back(m_.expr(e).name);
    const auto mentions = [&](ExprId e) {
      for (const ExprId part : flow_.below(e))
        if (m_.expr(part).kind == ExprKind::name &&
            std::find(names.begin(), names.end(), m_.expr(part).name) != names.end())
          return true;
      return false;
    };
    const ExprId parent = m_.expr(compare).parent;
    if (parent != kNone) return mentions(m_.operand(parent, 2)) || mentions(m_.operand(parent, 3));
    const StmtId s = m_.expr(compare).stmt;
    for (StmtId t = s + 1; t < m_.stmts.size() && m_.stmts[t].begin < m_.stmts[s].end; ++t) {
      if (m_.stmts[t].kind != StmtKind::assign && m_.stmts[t].kind != StmtKind::aug_assign) continue;
      if (m_.stmts[t].value != kNone && mentions(m_.stmts[t].value)) return true;
    }
    return false;
  }

  // minimum(a, b) of two scores.
  void smaller(ExprId call) {
    const std::string& name = flow_.labels().callee_name(call);
    const std::string_view last = last_part(name);
    if (last != "minimum" && last != "fmin") return;  // a maximum is how sums of exponentials are kept finite
    const ExprId callee = m_.operand(call, 0);
    ExprId a = m_.operand(call, 1), b = m_.operand(call, 2);
    if (b == kNone && m_.expr(callee).kind == ExprKind::attribute) b = a, a = m_.operand(callee, 0);
    if (a == kNone || b == kNone || !score_like(a) || !score_like(b)) return;
    if ((is_count(a) && is_count(b)) || caps_numerator(call, a, b)) return;
    if (!first_in(call, Kind::choice_by_outcome)) return;
    const bool passes = is_carried(call, a) || is_carried(call, b);
    found_.push_back({passes ? Kind::best_of_passes : Kind::choice_by_outcome,
                      {{call, kNone,
                        passes ? "keeps the better of this pass and the passes before, token by token"
                               : "keeps the better of two scores of the same tokens"}},
                      .85});
  }

  // best[i] = minimum(best[i], new), best = minimum(best, new) around a loop: an operand is what earlier turns left.
  bool is_carried(ExprId call, ExprId operand) const {
    const ExprId root = Defs::root_name(m_, operand);
    const StmtId s = m_.expr(call).stmt;
    if (root == kNone || flow_.loops_around(s).empty()) return false;
    for (const ExprId target : m_.targets(s)) {
      if (target == kNone || Defs::root_name(m_, target) == kNone) continue;
      if (m_.expr(Defs::root_name(m_, target)).name != m_.expr(root).name) continue;
      if (m_.expr(target).kind == ExprKind::subscript) return true;
      for (const std::uint32_t d : flow_.defs().reaching(root))
        if (flow_.defs().def(d).stmt == s) return true;
    }
    return false;
  }

  // `if new < best: best = new` over scores, in a function that scores.
  void compared(ExprId e) {
    const Op op = m_.expr(e).op;
    if (op != Op::lt && op != Op::gt && op != Op::le && op != Op::ge) return;
    const ExprId a = m_.operand(e, 0), b = m_.operand(e, 1);
    const Stmt& s = m_.stmts[m_.expr(e).stmt];
    if (!score_like(a) || !score_like(b) || s.function == 0 || !flow_.is_scorer(s.function)) return;
    const bool in_if = s.kind == StmtKind::if_;
    const ExprId parent = m_.expr(e).parent;
    const bool in_where = parent != kNone && m_.expr(parent).kind == ExprKind::call &&
                          last_part(flow_.labels().callee_name(parent)) == "where";
    if ((!in_if && !in_where) || (is_count(a) && is_count(b)) || !keeps_one(e)) return;
    if (is_statistic(a) || is_statistic(b)) return;
    if (m_.text(a) == m_.text(b) || !first_in(e, Kind::choice_by_outcome)) return;
    found_.push_back(
        {Kind::choice_by_outcome, {{e, kNone, "two scores of the same tokens are compared and one is kept"}}, .75});
  }

  // targets == tokens from a file: the file holds the answers.
  void answered(ExprId e) {
    if (m_.expr(e).op != Op::eq) return;
    const std::uint64_t a = flow_.labels().of(m_.operand(e, 0)), b = flow_.labels().of(m_.operand(e, 1));
    const auto payload = [](std::uint64_t l) { return (l & label::kPayload) && !(l & (label::kVal | label::kTrain)); };
    const auto tokens = [](std::uint64_t l) {
      return (l & label::kVal) && !(l & (label::kGold | label::kProb | label::kLookup));
    };
    if (!(payload(a) && tokens(b)) && !(payload(b) && tokens(a))) return;
    if (!first_in(e, Kind::payload_answers)) return;
    found_.push_back(
        {Kind::payload_answers, {{e, kNone, "validation targets are compared with tokens read from a file"}}, .8});
  }

  const Flow& flow_;
  const Module& m_;
  std::vector<std::pair<FunctionId, Kind>> done_;
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> find_scoring_violations(const Flow& flow) {
  return ScoringCheck(flow).run();
}

}  // namespace pg::verify::py

#include "verify/source/flow_smear.h"

#include <algorithm>
#include <string_view>

namespace pg::verify::py {
namespace {

class SmearCheck {
 public:
  explicit SmearCheck(const Flow& flow) : flow_(flow), m_(flow.module()) {}

  std::vector<Finding> run() {
    std::vector<Finding> found;
    const ExprId documents = cut_into_documents();
    if (documents == kNone) return found;
    for (ExprId e = 0; e < m_.exprs.size() && found.size() < 4; ++e) {
      if (m_.expr(e).kind != ExprKind::binary || m_.expr(e).op != Op::add || m_.expr(e).stmt == kNone) continue;
      const FunctionId f = m_.stmts[m_.expr(e).stmt].function;
      if (!flow_.of_module(f) || !flow_.runs(m_.expr(e).stmt)) continue;
      const ExprId shifted = shift_added(e);
      if (shifted == kNone || is_masked(f, e)) continue;
      Finding finding;
      finding.kind = Finding::Kind::smear_across_documents;
      finding.trace = {{documents, kNone, "the validation tokens are cut into documents"},
                       {e, kNone, "each position is mixed with the one before it, the first of a document too"}};
      finding.confidence = .7;
      found.push_back(std::move(finding));
    }
    return found;
  }

 private:
  // (tokens == BOS).nonzero() and the like over validation tokens, or attention with bounds of documents.
  ExprId cut_into_documents() const {
    for (ExprId e = 0; e < m_.exprs.size(); ++e) {
      const Expr& x = m_.expr(e);
      if (x.stmt == kNone) continue;
      if (x.kind == ExprKind::keyword && m_.name(e).find("seqlens") != std::string_view::npos && flow_.runs(x.stmt))
        return e;
      if (x.kind != ExprKind::call) continue;
      const std::string_view name = last_part(flow_.labels().callee_name(e));
      if (name != "nonzero" && name != "flatnonzero" && name != "where" && name != "argwhere") continue;
      for (const ExprId part : flow_.below(e))
        if (m_.expr(part).kind == ExprKind::compare && m_.expr(part).op == Op::eq &&
            (flow_.labels().of(m_.operand(part, 0)) & label::kVal) && flow_.runs(x.stmt))
          return e;
    }
    return kNone;
  }

  // x[..., 1:, ...] or x[..., :-1, ...]: which end of an axis is left out; 0: neither.
  int cut(ExprId e, Symbol& root) const {
    if (m_.expr(e).kind != ExprKind::subscript) return 0;
    const ExprId name = m_.operand(e, 0);
    if (m_.expr(name).kind != ExprKind::name) return 0;
    root = m_.expr(name).name;
    for (std::uint32_t i = 1; i < m_.expr(e).operands.count; ++i) {
      const ExprId index = m_.operand(e, i);
      if (index == kNone || m_.expr(index).kind != ExprKind::slice) continue;
      const ExprId lower = m_.operand(index, 0), upper = m_.operand(index, 1);
      if (lower != kNone && upper == kNone && m_.text(lower) == "1") return 1;
      if (lower == kNone && upper != kNone && m_.text(upper) == "-1") return -1;
    }
    return 0;
  }

  // A name that holds a copy of `root` moved by one position: cat([..., root[:, :-1]]), pad(root[:, :-1]).
  bool is_shifted_copy(ExprId e, Symbol root) const {
    if (m_.expr(e).kind != ExprKind::name) return false;
    for (const std::uint32_t d : flow_.defs().reaching(e)) {
      const ExprId value = flow_.defs().def(d).value;
      if (value == kNone || m_.expr(value).kind != ExprKind::call) continue;
      const std::string_view name = last_part(flow_.labels().callee_name(value));
      if (name != "cat" && name != "concat" && name != "pad") continue;
      for (const ExprId part : flow_.below(value))
        if (Symbol of = 0; cut(part, of) == -1 && of == root) return true;
    }
    return false;
  }

  // The shifted side of a sum of a value and its shifted self; kNone.
  ExprId shift_added(ExprId sum) const {
    std::vector<Symbol> heads, names;  // x[:, 1:]; x
    for (const ExprId e : flow_.below(sum)) {
      if (Symbol root = 0; cut(e, root) == 1) heads.push_back(root);
      if (m_.expr(e).kind == ExprKind::name) names.push_back(m_.expr(e).name);
    }
    for (const ExprId e : flow_.below(sum)) {
      if (Symbol root = 0; cut(e, root) == -1 && std::ranges::find(heads, root) != heads.end()) return e;
      if (m_.expr(e).kind != ExprKind::name) continue;
      for (const Symbol root : names)
        if (root != m_.expr(e).name && is_shifted_copy(e, root)) return e;
    }
    return kNone;
  }

  // Whether a comparison of tokens (with the first token of a document) is among what the sum is made of.
  bool is_masked(FunctionId f, ExprId sum) const {
    std::vector<ExprId> open{sum};
    std::vector<std::uint32_t> seen;
    for (std::size_t i = 0; i < open.size() && open.size() < 64; ++i) {
      for (const ExprId e : flow_.below(open[i])) {
        const Expr& x = m_.expr(e);
        if (x.kind == ExprKind::compare && (x.op == Op::eq || x.op == Op::ne)) return true;
        if (x.kind == ExprKind::call) {  // a mask made elsewhere
          const std::string_view name = last_part(flow_.labels().callee_name(e));
          if (name == "masked_fill" || name == "masked_fill_" || name == "where") return true;
        }
        if (x.kind != ExprKind::name) continue;
        for (const std::uint32_t id : flow_.defs().reaching(e)) {
          const Def& d = flow_.defs().def(id);
          // What x itself was before the mix says nothing about the gate.
          if (d.function != f || d.value == kNone || d.kind == Def::Kind::parameter) continue;
          if (std::ranges::find(seen, id) != seen.end() || m_.expr(d.value).end - m_.expr(d.value).begin > 300)
            continue;
          seen.push_back(id);
          open.push_back(d.value);
        }
      }
    }
    return false;
  }

  const Flow& flow_;
  const Module& m_;
};

}  // namespace

std::vector<Finding> find_unmasked_smear(const Flow& flow) {
  return SmearCheck(flow).run();
}

}  // namespace pg::verify::py

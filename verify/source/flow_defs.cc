#include "verify/source/flow_defs.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace pg::verify::py {
namespace {

using Kind = Def::Kind;
constexpr std::size_t kMaxReach = 48;  // definitions per use; more say nothing more

// Methods that put their arguments into the object.
bool puts_into(std::string_view method) {
  static constexpr std::array<std::string_view, 17> kMethods = {
      "append",          "extend",       "add",      "add_",       "copy_", "update",     "insert",
      "index_add_",      "scatter_add_", "scatter_", "index_put_", "put_",  "appendleft", "index_copy_",
      "masked_scatter_", "setdefault",   "sub_"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

}  // namespace

bool encloses(const Module& m, BlockId outer, BlockId inner) {
  while (inner != kNone && inner != outer) {
    const StmtId owner = m.blocks[inner].owner;
    inner = owner == kNone ? kNone : m.stmts[owner].block;
  }
  return inner == outer && inner != kNone;
}

ExprId Defs::root_name(const Module& module, ExprId e) {
  for (int i = 0; i < 64 && e != kNone; ++i) {
    const Expr& x = module.expr(e);
    if (x.kind == ExprKind::name) return e;
    if (x.kind != ExprKind::attribute && x.kind != ExprKind::subscript && x.kind != ExprKind::call) return kNone;
    e = module.operand(e, 0);
  }
  return kNone;
}

Defs::Defs(const Module& m) {
  expr_function_.assign(m.exprs.size(), 0);
  for (std::size_t i = m.exprs.size(); i-- > 0;) {  // parents first
    const Expr& e = m.exprs[i];
    if (e.parent != kNone) {
      const Expr& p = m.exprs[e.parent];
      expr_function_[i] = p.kind == ExprKind::lambda && p.aux != kNone ? p.aux : expr_function_[e.parent];
    } else if (e.stmt != kNone) {
      expr_function_[i] = m.stmts[e.stmt].function;
    }
  }
  collect(m);
  index(m);
  link(m);
}

void Defs::bind(const Module& m, ExprId target, Def def, bool mutation) {
  if (target == kNone) return;
  const Expr& t = m.expr(target);
  switch (t.kind) {
    case ExprKind::name:
      def.name = t.name;
      def.function = expr_function_[target];
      if (mutation) def.kind = Kind::mutation, def.kills = false;
      defs_.push_back(def);
      return;
    case ExprKind::starred:
      return bind(m, m.operand(target, 0), def, mutation);
    case ExprKind::tuple:
    case ExprKind::list: {
      const auto parts = m.operands(target);
      const bool same = def.value != kNone && m.expr(def.value).kind == ExprKind::tuple &&
                        m.operands(def.value).size() == parts.size() && def.index < 0 && def.kind == Kind::value;
      for (std::size_t i = 0; i < parts.size() && i < 64; ++i) {
        Def part = def;
        if (same) {
          part.value = m.operands(def.value)[i];
        } else if (def.index < 0) {
          part.index = static_cast<std::int16_t>(i);
        }
        bind(m, parts[i], part, mutation);
      }
      return;
    }
    case ExprKind::attribute:
      stores_.push_back({t.name, def.value, def.index, mutation});
      return;
    case ExprKind::subscript: {  // a[k] = v changes a
      ExprId object = m.operand(target, 0);
      while (object != kNone && m.expr(object).kind == ExprKind::subscript) object = m.operand(object, 0);
      def.in_place = true;
      return bind(m, object, def, true);
    }
    case ExprKind::call:  // a.view(-1)[k] = v, model.table()[k] = v
      if (m.expr(m.operand(target, 0)).kind == ExprKind::attribute)
        return bind(m, m.operand(m.operand(target, 0), 0), def, true);
      return;
    default:
      return;
  }
}

void Defs::collect_call(const Module& m, ExprId call) {
  const ExprId callee = m.operand(call, 0);
  if (callee == kNone || m.expr(callee).kind != ExprKind::attribute) return;
  const std::string_view name = m.name(callee);
  const auto operands = m.operands(call);
  Def def;
  def.stmt = m.expr(call).stmt;
  def.kind = Kind::mutation, def.in_place = true;
  if (name == "at" && operands.size() > 2) {  // np.add.at(table, keys, values)
    for (std::size_t i = 2; i < operands.size(); ++i) def.value = operands[i], bind(m, operands[1], def, true);
    return;
  }
  if (!puts_into(name)) return;
  for (std::size_t i = 1; i < operands.size() && i < 5; ++i) {
    def.value = operands[i];
    bind(m, m.operand(callee, 0), def, true);
  }
}

void Defs::collect(const Module& m) {
  for (FunctionId f = 0; f < m.functions.size(); ++f) {
    const auto parameters = m.parameters(f);
    for (std::uint32_t i = 0; i < parameters.size(); ++i) {
      Def def;
      def.kind = Kind::parameter, def.kills = true, def.name = parameters[i].name, def.function = f, def.parameter = i;
      def.parameter_id = m.functions[f].parameters.first + i;
      defs_.push_back(def);
    }
  }
  for (StmtId s = 0; s < m.stmts.size(); ++s) {
    const Stmt& st = m.stmts[s];
    Def def;
    def.stmt = s, def.value = st.value, def.kills = true;
    if (st.kind == StmtKind::assign && st.value != kNone) {
      const bool in_class = st.block != kNone && m.blocks[st.block].role == Block::Role::class_;
      for (const ExprId t : m.targets(s)) {
        bind(m, t, def, false);
        if (in_class && m.expr(t).kind == ExprKind::name) stores_.push_back({m.expr(t).name, st.value, -1, false});
      }
    } else if (st.kind == StmtKind::aug_assign) {
      for (const ExprId t : m.targets(s)) bind(m, t, def, true);
    } else if (st.kind == StmtKind::for_) {
      def.kind = Kind::element;
      for (const ExprId t : m.targets(s)) bind(m, t, def, false);
    } else if (st.kind == StmtKind::with) {
      for (const ExprId item : m.targets(s)) {
        def.value = m.operand(item, 0);
        bind(m, m.operand(item, 1), def, false);
      }
    }
    for (ExprId e = st.first_expr; e < st.end_expr; ++e) {
      const Expr& x = m.expr(e);
      if (x.kind == ExprKind::comp_for) {
        Def part;
        part.stmt = s, part.kind = Kind::element, part.value = m.operand(e, 1);
        bind(m, m.operand(e, 0), part, false);
      } else if (x.kind == ExprKind::named) {
        Def part;
        part.stmt = s, part.value = m.operand(e, 1);
        bind(m, m.operand(e, 0), part, false);
      } else if (x.kind == ExprKind::call) {
        collect_call(m, e);
      }
    }
  }
}

void Defs::index(const Module&) {
  by_name_.resize(defs_.size());
  for (std::uint32_t i = 0; i < defs_.size(); ++i) by_name_[i] = i;
  std::stable_sort(by_name_.begin(), by_name_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Def &x = defs_[a], &y = defs_[b];
    if (x.function != y.function) return x.function < y.function;
    return x.name < y.name;
  });
}

std::span<const std::uint32_t> Defs::in(FunctionId function) const {
  const auto less = [&](std::uint32_t d, FunctionId f) { return defs_[d].function < f; };
  const auto first = std::lower_bound(by_name_.begin(), by_name_.end(), function, less);
  const auto last = std::lower_bound(first, by_name_.end(), function + 1, less);
  return {by_name_.data() + (first - by_name_.begin()), static_cast<std::size_t>(last - first)};
}

std::span<const std::uint32_t> Defs::of(FunctionId function, Symbol name) const {
  const auto less = [&](std::uint32_t d, int) {
    const Def& x = defs_[d];
    return x.function != function ? x.function < function : x.name < name;
  };
  const auto first = std::lower_bound(by_name_.begin(), by_name_.end(), 0, less);
  const auto last = std::partition_point(
      first, by_name_.end(), [&](std::uint32_t d) { return defs_[d].function == function && defs_[d].name == name; });
  return {by_name_.data() + (first - by_name_.begin()), static_cast<std::size_t>(last - first)};
}

void Defs::link_use(const Module& m, ExprId use, std::span<const std::uint32_t> defs) {
  const StmtId at = m.expr(use).stmt;
  const std::size_t first = reach_.size();
  const auto take = [&](std::uint32_t d) {
    if (reach_.size() - first < kMaxReach) reach_.push_back(d);
  };
  // Backwards from the use to the assignment that hides the rest. Statements are numbered in source order.
  // Parameters come first, then the rest in source order.
  const std::size_t split = static_cast<std::size_t>(
      std::partition_point(defs.begin(), defs.end(),
                           [&](std::uint32_t d) { return defs_[d].stmt == kNone || defs_[d].stmt <= at; }) -
      defs.begin());
  StmtId hidden_by = kNone;
  for (std::size_t i = split; i-- > 0 && reach_.size() - first < kMaxReach;) {
    const Def& d = defs_[defs[i]];
    // x = f(x): the value in the statement itself is the old one, but comprehension targets are local to it.
    const bool own = d.stmt == at && d.kills && d.kind == Kind::value;
    if (own) continue;
    take(defs[i]);
    if (d.kills && (d.stmt == kNone || encloses(m, m.stmts[d.stmt].block, m.stmts[at].block))) {
      hidden_by = d.stmt;
      break;
    }
  }
  // Round a loop: later definitions inside a loop that the hiding assignment is not part of.
  StmtId loop = kNone;
  for (BlockId b = m.stmts[at].block; b != kNone;) {
    const StmtId owner = m.blocks[b].owner;
    if (owner == kNone || m.stmts[owner].function != m.stmts[at].function) break;
    const StmtKind kind = m.stmts[owner].kind;
    if ((kind == StmtKind::for_ || kind == StmtKind::while_) && (hidden_by == kNone || hidden_by < owner)) loop = owner;
    b = m.stmts[owner].block;
  }
  if (loop == kNone) return;
  const auto again = [&](const Def& d) { return d.stmt != kNone && m.stmts[d.stmt].begin < m.stmts[loop].end; };
  for (std::size_t i = split; i-- > 0 && defs_[defs[i]].stmt == at;)  // x = f(x) in a loop
    if (defs_[defs[i]].kind == Kind::value && again(defs_[defs[i]])) take(defs[i]);
  for (std::size_t i = split; i < defs.size() && reach_.size() - first < kMaxReach && again(defs_[defs[i]]); ++i)
    take(defs[i]);
}

void Defs::link(const Module& m) {
  reach_begin_.assign(m.exprs.size() + 1, 0);
  for (ExprId e = 0; e < m.exprs.size(); ++e) {
    reach_begin_[e] = static_cast<std::uint32_t>(reach_.size());
    const Expr& x = m.exprs[e];
    if (x.kind != ExprKind::name || x.stmt == kNone) continue;
    FunctionId f = expr_function_[e];
    bool own = true;
    for (int depth = 0; depth < 64 && f != kNone; ++depth, own = false) {
      const auto defs = of(f, x.name);
      if (!defs.empty()) {
        if (own && m.functions[f].kind != Function::Kind::lambda) {
          link_use(m, e, defs);
        } else {
          for (std::size_t i = 0; i < defs.size() && i < kMaxReach; ++i) reach_.push_back(defs[i]);
        }
        break;
      }
      f = m.functions[f].parent;
    }
  }
  reach_begin_[m.exprs.size()] = static_cast<std::uint32_t>(reach_.size());
}

}  // namespace pg::verify::py

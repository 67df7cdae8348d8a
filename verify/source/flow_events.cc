#include "verify/source/flow_events.h"

#include <algorithm>
#include <unordered_set>

#include "verify/source/flow_claim.h"

namespace pg::verify::py {
namespace {

constexpr std::uint64_t kScored = label::kGold | label::kVal;
constexpr std::size_t kMaxSlice = 400;

}  // namespace

Flow::Flow(std::string_view source, const Settings& settings, bool entry, RunLines lines)
    : entry_(entry), lines_(std::move(lines)), program_(parse_remembered(source), settings), defs_(program_.module()) {
  const Module& m = module();
  scores_.resize(m.functions.size());
  callers_.resize(m.functions.size());
  scorer_.assign(m.functions.size(), false);
  returns_.resize(m.functions.size());
  for (const Stmt& s : m.stmts)
    if (s.kind == StmtKind::return_ && s.value != kNone) returns_[s.function].push_back(s.value);
  ran_function_.assign(m.functions.size(), false);
  ran_block_.assign(m.blocks.size(), false);
  filled_block_.assign(m.blocks.size(), false);
  find_callers();
  find_ran();
  std::vector<bool> dead(m.stmts.size(), false);
  for (StmtId s = 0; entry_ && s < m.stmts.size(); ++s) dead[s] = program_.runs_inside(s) == Truth::no && !ran(s);
  labels_ = std::make_unique<Labels>(program_, defs_, std::move(dead));
  find_scores();
}

void Flow::find_ran() {
  const Module& m = module();
  for (ExprId e = 0; e < m.exprs.size(); ++e) {
    if (m.expr(e).stmt == kNone || !begins_line(m, e, lines_.printed)) continue;
    if (program_.runs(m.expr(e).stmt) != Truth::no) continue;
    for (BlockId b = m.stmts[m.expr(e).stmt].block; b != kNone;) {
      ran_block_[b] = true;
      const StmtId owner = m.blocks[b].owner;
      b = owner == kNone || m.blocks[b].role == Block::Role::function ? kNone : m.stmts[owner].block;
    }
  }
  // A condition on a container that the code fills (`found = []` ... `found.append(x)` ... `if found:`) is open.
  for (StmtId s = 0; s < m.stmts.size(); ++s) {
    if (m.stmts[s].block != kNone && filled_block_[m.stmts[s].block]) {
      for (const BlockId b : {m.stmts[s].body, m.stmts[s].orelse})
        if (b != kNone) filled_block_[b] = true;
    }
    if (m.stmts[s].kind != StmtKind::if_ || m.stmts[s].value == kNone) continue;
    for (const ExprId e : below(m.stmts[s].value)) {
      if (m.expr(e).kind != ExprKind::name) continue;
      for (const std::uint32_t d : defs_.reaching(e))
        if (defs_.def(d).kind == Def::Kind::mutation && defs_.def(d).in_place && m.stmts[s].body != kNone)
          filled_block_[m.stmts[s].body] = true;
    }
  }
  for (BlockId b = 0; b < m.blocks.size(); ++b) ran_block_[b] = ran_block_[b] || filled_block_[b];
  for (int round = 0; round < 4; ++round)
    for (FunctionId f = 1; f < m.functions.size(); ++f)
      for (const Site& c : callers_[f])
        if (program_.runs(c.stmt) == Truth::no && ran(c.stmt)) ran_function_[f] = true;
}

std::vector<FunctionId> Flow::run_by(ExprId call) const {
  std::vector<FunctionId> out;
  const Module& m = module();
  for (const Callee& c : program_.calls().callees(call)) out.push_back(c.function);
  for (std::uint32_t i = 1; i < m.expr(call).operands.count; ++i) {
    ExprId a = m.operand(call, i);
    if (m.expr(a).kind == ExprKind::keyword) a = m.operand(a, 0);
    if (a == kNone || (m.expr(a).kind != ExprKind::name && m.expr(a).kind != ExprKind::attribute)) continue;
    for (const Callee& c : program_.calls().functions_of(a))
      if (c.certain) out.push_back(c.function);
  }
  return out;
}

bool Flow::calls_parameter(ExprId call) const {
  const ExprId callee = module().operand(call, 0);
  if (callee == kNone || module().expr(callee).kind != ExprKind::name) return false;
  const auto defs = defs_.reaching(callee);
  return !defs.empty() &&
         std::ranges::all_of(defs, [&](std::uint32_t d) { return defs_.def(d).kind == Def::Kind::parameter; });
}

void Flow::find_callers() {
  const Module& m = module();
  for (ExprId e = 0; e < m.exprs.size(); ++e) {
    if (m.expr(e).kind != ExprKind::call || m.expr(e).stmt == kNone) continue;
    // timed(f, x) runs f for whoever handed it over: the call in `timed` itself stands for all of them at once.
    if (calls_parameter(e)) continue;
    for (const FunctionId f : run_by(e)) callers_[f].push_back({m.stmts[m.expr(e).stmt].function, m.expr(e).stmt, e});
  }
}

std::vector<ExprId> Flow::below(ExprId e) const {
  const Module& m = module();
  std::vector<ExprId> out;
  if (e == kNone) return out;
  out.push_back(e);
  for (std::size_t i = 0; i < out.size() && out.size() < 4096 && work_ > 0; ++i)
    for (const ExprId o : m.operands(out[i]))
      if (o != kNone) out.push_back(o);
  work_ -= static_cast<std::int64_t>(out.size());
  return out;
}

std::vector<Symbol> Flow::slice(FunctionId f, std::vector<ExprId> from) const {
  const Module& m = module();
  std::vector<Symbol> names;
  std::unordered_set<std::uint32_t> seen_def;
  for (std::size_t i = 0; i < from.size() && from.size() < kMaxSlice; ++i) {
    for (const ExprId e : below(from[i])) {
      if (m.expr(e).kind != ExprKind::name || std::find(names.begin(), names.end(), m.expr(e).name) != names.end())
        continue;
      const auto defs = defs_.of(f, m.expr(e).name);
      if (defs.empty()) continue;
      names.push_back(m.expr(e).name);
      for (const std::uint32_t d : defs)
        if (from.size() < kMaxSlice && defs_.def(d).value != kNone && seen_def.insert(d).second)
          from.push_back(defs_.def(d).value);
    }
  }
  return names;
}

void Flow::add_own_scores(FunctionId f) {
  const Module& m = module();
  std::vector<Symbol> kept = slice(f, returns_[f]);
  for (const Parameter& p : m.parameters(f)) kept.push_back(p.name);
  std::vector<ExprId> bits;  // val_bpb = ...: a score that is only printed
  for (const std::uint32_t id : defs_.in(f))
    if (const Def& d = defs_.def(id); d.value != kNone && m.symbol(d.name).find("bpb") != std::string_view::npos)
      bits.push_back(d.value);
  for (const Symbol name : slice(f, std::move(bits))) kept.push_back(name);
  for (const std::uint32_t id : defs_.in(f)) {
    const Def& d = defs_.def(id);
    if (d.kind != Def::Kind::mutation || d.value == kNone || !runs(d.stmt)) continue;
    if (std::find(kept.begin(), kept.end(), d.name) == kept.end() || !labels_->has(d.value, kScored)) continue;
    if (labels_->of(d.value) & label::kOptimizer) continue;
    scores_[f].push_back({f, d.stmt, d.value});
  }
  // f(loss_sum, ..., losses): a call that is handed both the sum and the losses.
  for (const ExprId call : program_.calls().calls_in(f)) {
    const Stmt& s = m.stmts[m.expr(call).stmt];
    if (s.kind != StmtKind::expr || s.value != call || !runs(m.expr(call).stmt) || run_by(call).empty()) continue;
    bool sum = false;
    ExprId losses = kNone;
    for (std::uint32_t i = 1; i < m.expr(call).operands.count; ++i) {
      ExprId a = m.operand(call, i);
      if (m.expr(a).kind == ExprKind::keyword) a = m.operand(a, 0);
      if (a == kNone || m.expr(a).kind != ExprKind::name) continue;
      const auto defs = defs_.of(f, m.expr(a).name);
      if (labels_->has(a, kScored) && losses == kNone)
        losses = a;
      else if (!defs.empty() && std::find(kept.begin(), kept.end(), m.expr(a).name) != kept.end())
        sum = true;
    }
    if (sum && losses != kNone) scores_[f].push_back({f, m.expr(call).stmt, call});
  }
}

bool Flow::of_module(FunctionId f) const {
  const ClassId cls = module().functions[f].cls;
  if (cls == kNone) return false;
  for (const ExprId base : module().bases(cls))
    if (last_part(module().dotted_name(base)) == "Module") return true;
  return module().symbol(module().functions[f].name).starts_with("forward");
}

void Flow::find_scores() {
  const Module& m = module();
  for (FunctionId f = 0; f < m.functions.size(); ++f) {
    add_own_scores(f);
    bool returned = false;
    for (const ExprId r : returns_[f]) returned |= (labels_->of(r) & kScored) == kScored;
    scorer_[f] = f != 0 && !scores_[f].empty() && returned && !of_module(f);
  }
  for (int round = 0; round < 4; ++round) {  // functions that hand on another's score
    for (FunctionId f = 1; f < m.functions.size(); ++f) {
      if (scorer_[f] || of_module(f)) continue;
      for (const ExprId r : returns_[f])
        for (const ExprId e : below(r))
          if (m.expr(e).kind == ExprKind::call)
            for (const FunctionId g : run_by(e)) scorer_[f] = scorer_[f] || scorer_[g];
    }
  }
  for (FunctionId g = 0; g < m.functions.size(); ++g)
    if (scorer_[g])
      for (const Site& c : callers_[g])
        if (runs(c.stmt) && runs(c.expr, c.stmt)) scores_[c.function].push_back(c);
  for (auto& sites : scores_) {
    std::sort(sites.begin(), sites.end(), [](const Site& a, const Site& b) { return a.stmt < b.stmt; });
    sites.erase(std::unique(sites.begin(), sites.end(), [](const Site& a, const Site& b) { return a.stmt == b.stmt; }),
                sites.end());
  }
}

std::vector<StmtId> Flow::loops_around(StmtId s) const {
  const Module& m = module();
  std::vector<StmtId> out;
  for (StmtId at = s; at != kNone;) {
    const BlockId b = m.stmts[at].block;
    if (b == kNone) break;
    const StmtId owner = m.blocks[b].owner;
    if (owner == kNone || m.blocks[b].role == Block::Role::function || m.blocks[b].role == Block::Role::class_) break;
    const StmtKind kind = m.stmts[owner].kind;
    if (kind == StmtKind::for_ || kind == StmtKind::while_) out.push_back(owner);
    at = owner;
  }
  return out;
}

bool Flow::inside(StmtId s, StmtId compound) const {
  const Module& m = module();
  return m.stmts[s].begin >= m.stmts[compound].begin && m.stmts[s].end <= m.stmts[compound].end;
}

bool Flow::exclusive(StmtId s, StmtId t) const {
  const Module& m = module();
  for (StmtId at = s; at != kNone;) {
    const BlockId b = m.stmts[at].block;
    if (b == kNone || m.blocks[b].role == Block::Role::function) return false;
    const StmtId owner = m.blocks[b].owner;
    if (owner == kNone) return false;
    if (m.stmts[owner].kind == StmtKind::if_ && inside(t, owner)) {
      const bool s_else = m.stmts[owner].orelse != kNone && encloses(m, m.stmts[owner].orelse, m.stmts[s].block);
      const bool t_else = m.stmts[owner].orelse != kNone && encloses(m, m.stmts[owner].orelse, m.stmts[t].block);
      return s_else != t_else;
    }
    at = owner;
  }
  return false;
}

}  // namespace pg::verify::py

#include "verify/source/flow_passes.h"

#include <algorithm>

namespace pg::verify::py {
namespace {

constexpr std::uint64_t kScored = label::kGold | label::kVal;

// A loop in front of `behind`, not around it, that holds the statement.
StmtId earlier_loop(const Flow& flow, StmtId held, StmtId behind) {
  for (const StmtId loop : flow.loops_around(held))
    if (!flow.inside(behind, loop) && loop < behind) return loop;
  return kNone;
}

// for ... in stored: where `stored` was filled with probabilities of targets in an earlier loop.
void check_stored(const Flow& flow, StmtId loop, std::vector<Finding>& found) {
  const Module& m = flow.module();
  const ExprId stored = Defs::root_name(m, m.stmts[loop].value);
  if (stored == kNone || !flow.runs(loop)) return;
  const FunctionId f = m.stmts[loop].function;
  StmtId filled = kNone;
  for (const std::uint32_t id : flow.defs().of(f, m.expr(stored).name)) {
    const Def& d = flow.defs().def(id);
    if (d.kind != Def::Kind::mutation || d.value == kNone || d.stmt == kNone || d.stmt > loop) continue;
    if (!flow.labels().has(d.value, kScored) || earlier_loop(flow, d.stmt, loop) == kNone) continue;
    filled = d.stmt;
  }
  if (filled == kNone) return;
  for (const Site& score : flow.scores(f)) {
    if (!flow.inside(score.stmt, loop) || !(flow.labels().of(score.expr) & label::kBlend)) continue;
    Finding finding;
    finding.kind = Finding::Kind::rescored_stored;
    finding.trace = {{kNone, filled, "the first pass stores the model's probabilities of the targets"},
                     {kNone, loop, "a second loop goes over what was stored, behind the end of the first"},
                     {score.expr, kNone, "and scores the same tokens again, mixed with a table"}};
    finding.confidence = .85;
    found.push_back(std::move(finding));
    return;
  }
}

// total = total - old + new.
void check_replaced(const Flow& flow, StmtId s, std::vector<Finding>& found) {
  const Module& m = flow.module();
  const ExprId sum = m.stmts[s].value;
  if (m.stmts[s].kind != StmtKind::assign || sum == kNone || m.targets(s).empty() || !flow.runs(s)) return;
  if (m.expr(sum).kind != ExprKind::binary || m.expr(sum).op != Op::add) return;
  const ExprId rest = m.operand(sum, 0), added = m.operand(sum, 1);
  if (m.expr(rest).kind != ExprKind::binary || m.expr(rest).op != Op::sub) return;
  const ExprId total = m.operand(rest, 0), removed = m.operand(rest, 1), target = m.targets(s)[0];
  if (m.expr(total).kind != ExprKind::name || m.expr(target).kind != ExprKind::name ||
      m.expr(total).name != m.expr(target).name)
    return;
  for (const ExprId e : {total, removed, added})
    if (!flow.labels().has(e, kScored)) return;
  Finding finding;
  finding.kind = Finding::Kind::rescored_stored;
  finding.trace = {{removed, kNone, "the score that tokens got in the first pass is taken out of the sum"},
                   {added, kNone, "and the score of a second pass over the same tokens is put in"}};
  finding.confidence = .8;
  found.push_back(std::move(finding));
}

}  // namespace

std::vector<Finding> find_second_passes(const Flow& flow) {
  const Module& m = flow.module();
  std::vector<Finding> found;
  for (StmtId s = 0; s < m.stmts.size() && found.size() < 16; ++s) {
    if (m.stmts[s].kind == StmtKind::for_ && m.stmts[s].value != kNone)
      check_stored(flow, s, found);
    else
      check_replaced(flow, s, found);
  }
  return found;
}

}  // namespace pg::verify::py

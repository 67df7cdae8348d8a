// The claimed score taken again behind one that learned from the same tokens.
#include "verify/source/flow_order.h"

namespace pg::verify::py {
namespace {

bool learns_from_validation(const Flow& flow, ExprId call) {
  const Module& m = flow.module();
  const ExprId callee = m.operand(call, 0);
  return callee != kNone && m.expr(callee).kind == ExprKind::attribute && m.name(callee) == "backward" &&
         flow.labels().has(m.operand(callee, 0), label::kVal | label::kGold) && flow.runs(m.expr(call).stmt);
}

// By function: learns from validation tokens, itself or in what it calls.
std::vector<bool> learners(const Flow& flow) {
  const Module& m = flow.module();
  std::vector<bool> out(m.functions.size(), false);
  for (ExprId e = 0; e < m.exprs.size(); ++e)
    if (m.expr(e).kind == ExprKind::call && m.expr(e).stmt != kNone && learns_from_validation(flow, e))
      out[m.stmts[m.expr(e).stmt].function] = true;
  for (int round = 0; round < 4; ++round)
    for (FunctionId f = 1; f < m.functions.size(); ++f)
      if (out[f])
        for (const Site& c : flow.callers(f))
          if (c.function != 0 && flow.runs(c.stmt)) out[c.function] = true;
  return out;
}

}  // namespace

std::vector<Finding> find_rescoring(const Flow& flow, std::string_view metric) {
  const Module& m = flow.module();
  std::vector<Finding> found;
  if (metric.size() < 3) return found;
  const std::vector<bool> learner = learners(flow);
  const auto learns = [&](const Site& site) {
    if (m.expr(site.expr).kind != ExprKind::call) return false;
    for (const FunctionId g : flow.run_by(site.expr))
      if (learner[g]) return true;
    return false;
  };
  for (ExprId e = 0; e < m.exprs.size(); ++e) {
    if (m.expr(e).kind != ExprKind::string || m.expr(e).stmt == kNone) continue;
    const StmtId printed = m.expr(e).stmt;
    const std::string_view text = m.text(e);
    const auto at = text.find(metric);
    if (at == std::string_view::npos || at > 3 || !flow.runs(printed)) continue;
    const FunctionId f = m.stmts[printed].function;
    const Site* reported = nullptr;
    for (const Site& score : flow.scores(f))
      if (score.stmt <= printed && m.expr(score.expr).kind == ExprKind::call) reported = &score;
    if (reported == nullptr || learns(*reported)) continue;
    for (const Site& earlier : flow.scores(f)) {
      if (earlier.stmt >= reported->stmt || !learns(earlier) || flow.exclusive(earlier.stmt, reported->stmt)) continue;
      bool restored = false;
      for (const ExprId call : flow.program().calls().calls_in(f))
        restored |= m.expr(call).stmt > earlier.stmt && m.expr(call).stmt < reported->stmt &&
                    m.name(m.operand(call, 0)) == "load_state_dict";
      if (restored) continue;
      Finding finding;
      finding.kind = Finding::Kind::rescored;
      finding.trace.push_back({earlier.expr, kNone, "scores the validation tokens and learns from them"});
      finding.trace.push_back({reported->expr, kNone, "scores the same tokens again with what was learned"});
      finding.trace.push_back({e, kNone, "and this second score is the one that is claimed"});
      finding.confidence = .85;
      found.push_back(std::move(finding));
      return found;
    }
  }
  return found;
}

}  // namespace pg::verify::py

#include "verify/source/flow_claim.h"

#include <algorithm>

namespace pg::verify::py {
namespace {

constexpr std::size_t kShortestHead = 6, kMaxSteps = 64;

// The functions that may run in a call, calls of calls included.
void add_inside(const Flow& flow, ExprId call, std::vector<bool>& inside) {
  std::vector<FunctionId> open = flow.run_by(call);
  while (!open.empty()) {
    const FunctionId f = open.back();
    open.pop_back();
    if (inside[f]) continue;
    inside[f] = true;
    for (const ExprId inner : flow.program().calls().calls_in(f))
      for (const FunctionId g : flow.run_by(inner))
        if (!inside[g]) open.push_back(g);
  }
}

// The calls of the module's own functions that the values printed by a statement come from, over local names.
std::vector<Site> calls_behind(const Flow& flow, StmtId printed) {
  const Module& m = flow.module();
  const FunctionId f = m.stmts[printed].function;
  std::vector<Site> out;
  std::vector<ExprId> from;
  std::vector<std::uint32_t> seen;
  for (ExprId e = m.stmts[printed].first_expr; e < m.stmts[printed].end_expr; ++e)
    if (m.expr(e).kind == ExprKind::interpolation) from.push_back(m.operand(e, 0));
  for (std::size_t i = 0; i < from.size() && from.size() < kMaxSteps; ++i) {
    for (const ExprId e : flow.below(from[i])) {
      if (m.expr(e).kind == ExprKind::call && m.expr(e).stmt != kNone && !flow.run_by(e).empty() &&
          (flow.labels().of(e) & label::kVal))
        out.push_back({f, m.expr(e).stmt, e});
      if (m.expr(e).kind != ExprKind::name) continue;
      for (const std::uint32_t id : flow.defs().reaching(e)) {
        const Def& d = flow.defs().def(id);
        if (d.function != f || d.value == kNone || std::ranges::find(seen, id) != seen.end()) continue;
        seen.push_back(id);
        from.push_back(d.value);
      }
    }
  }
  return out;
}

// Whether a function that is no part of the claimed evaluation runs only behind it, as the function that prints the
// claim sees it: what it learns comes too late for the claim.
bool is_run_behind(const Flow& flow, const ClaimedScore& claim, FunctionId function) {
  const Module& m = flow.module();
  if (claim.inside[function]) return false;
  bool run = false;
  for (const ExprId call : flow.program().calls().calls_in(claim.calls.front().function)) {
    const StmtId s = m.expr(call).stmt;
    if (s == kNone || !flow.runs(s) || flow.run_by(call).empty()) continue;
    std::vector<bool> inside(m.functions.size(), false);
    add_inside(flow, call, inside);
    if (!inside[function]) continue;
    run = true;
    if (!flow.loops_around(s).empty()) return false;
    for (const Site& claimed : claim.calls)
      if (claimed.stmt >= s) return false;
  }
  return run;
}

}  // namespace

bool begins_line(const Module& m, ExprId string, const std::vector<std::string>& lines) {
  const Expr& x = m.expr(string);
  if (lines.empty() || x.kind != ExprKind::string || x.is_bytes || x.end - x.begin > 400) return false;
  const bool in_fstring = x.parent != kNone && m.expr(x.parent).kind == ExprKind::fstring;
  if (in_fstring && m.operand(x.parent, 0) != string) return false;
  if (in_fstring ? x.end - x.begin < kShortestHead : x.end - x.begin < kShortestHead + 2) return false;
  const std::string_view raw = m.text(string);  // most strings are no line's head: the first letters tell
  const std::size_t quote = x.is_bare ? 0 : raw.find_first_of("\"'");
  const std::size_t first = raw.find_first_not_of("\"' \\n", quote == std::string_view::npos ? 0 : quote);
  if (first == std::string_view::npos) return false;
  const auto may_begin = [&](const std::string& line) {
    const std::size_t at = line.find_first_not_of(' ');
    return at != std::string::npos && line[at] == raw[first];
  };
  if (raw.find('\\') == std::string_view::npos && std::ranges::none_of(lines, may_begin)) return false;
  const std::string value = m.string_value(string);
  std::string_view head = value;
  if (!in_fstring) head = head.substr(0, head.find_first_of("%{"));
  while (!head.empty() && (head[0] == ' ' || head[0] == '\n')) head.remove_prefix(1);
  if (head.size() < kShortestHead) return false;
  return std::ranges::any_of(lines, [&](const std::string& line) {
    std::string_view text = line;
    while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
    return text.starts_with(head);
  });
}

std::optional<ClaimedScore> find_claimed_score(const Flow& flow) {
  const Module& m = flow.module();
  std::optional<ClaimedScore> out;
  for (ExprId e = 0; e < m.exprs.size(); ++e) {
    if (m.expr(e).stmt == kNone || !begins_line(m, e, flow.lines().claimed)) continue;
    const StmtId printed = m.expr(e).stmt;
    if (flow.program().runs(printed) == Truth::no) continue;
    const std::vector<Site> calls = calls_behind(flow, printed);
    if (calls.empty()) return std::nullopt;  // printed where it is computed
    if (out && out->calls.front().function != calls.front().function) return std::nullopt;  // which one is not known
    if (!out) out = ClaimedScore{e, {}, std::vector<bool>(m.functions.size(), false)};
    out->calls.insert(out->calls.end(), calls.begin(), calls.end());
  }
  if (!out) return out;
  for (const Site& call : out->calls) add_inside(flow, call.expr, out->inside);
  for (FunctionId f = 0; f < m.functions.size(); ++f) {
    // Which model a name holds is rarely known; lambdas and local functions run where they are made.
    const FunctionId parent = m.functions[f].parent;
    if (flow.of_module(f) || (parent != kNone && parent != 0 && out->inside[parent])) out->inside[f] = true;
  }
  return out;
}

void relate_to_claim(const Flow& flow, std::vector<Finding>& findings) {
  if (findings.empty()) return;
  const auto claim = find_claimed_score(flow);
  if (!claim) return;
  const Module& m = flow.module();
  const FunctionId home = claim->calls.front().function;
  for (Finding& f : findings) {
    if (f.trace.empty()) continue;
    const auto stmt_of = [&](const TraceStep& t) { return t.expr != kNone ? m.expr(t.expr).stmt : t.stmt; };
    const StmtId last = stmt_of(f.trace.back());
    if (last == kNone) continue;
    switch (f.kind) {
      case Finding::Kind::blend_at_gold:
      case Finding::Kind::choice_by_outcome:
      case Finding::Kind::best_of_passes:
      case Finding::Kind::rescored_stored:
      case Finding::Kind::targets_altered:
      case Finding::Kind::epochs_of_scoring: {
        const FunctionId where = m.stmts[last].function;
        f.beside_claim = where != home && !claim->inside[where];
        break;
      }
      case Finding::Kind::adapt_then_score:
      case Finding::Kind::calibrate_on_val: {
        if (m.stmts[last].function != home) {
          f.beside_claim = is_run_behind(flow, *claim, m.stmts[last].function);
          break;
        }
        // The learning, as the function that prints the claim sees it.
        StmtId learned = kNone;
        for (const TraceStep& t : f.trace)
          if (const StmtId s = stmt_of(t); s != kNone && s != last && m.stmts[s].function == home) learned = s;
        if (learned == kNone || !flow.loops_around(learned).empty()) break;
        const auto behind = [&](const Site& call) {
          return call.stmt > learned && !flow.exclusive(learned, call.stmt);
        };
        const auto counted = std::ranges::find_if(claim->calls, behind);
        if (counted == claim->calls.end()) {
          f.beside_claim = true;
        } else if (counted->stmt != last) {
          f.trace.push_back({counted->expr, kNone, "and here: the score that is claimed"});
        }
        break;
      }
      default:
        break;
    }
  }
}

}  // namespace pg::verify::py

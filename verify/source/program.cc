#include "verify/source/program.h"

#include <algorithm>

namespace pg::verify::py {
namespace {

bool is_exit(std::string_view name) {
  return name == "sys.exit" || name == "exit" || name == "quit" || name == "os._exit";
}

// Methods that something outside the module calls on an instance.
bool is_hook(std::string_view name) {
  return (name.starts_with("__") && name.ends_with("__")) || name == "forward" || name == "backward" ||
         name == "step" || name == "setup_context" || name == "run";
}

}  // namespace

Program::Program(std::string_view source, const Settings& settings)
    : module_(std::make_unique<Module>(parse_python(source))),
      calls_(std::make_unique<CallGraph>(*module_)),
      folder_(std::make_unique<Folder>(*module_, *calls_, settings)) {
  for (FunctionId f = 0; f < module_->functions.size(); ++f) {
    const Function& function = module_->functions[f];
    if (function.cls != kNone) methods_by_name_[function.name].push_back(f);
  }
  find_leaving();
  for (StmtId s = 0; s < module_->stmts.size(); ++s) statement_runs_.push_back(in_function(s));
  reach();
}

// Bottom-up: a block leaves where one of its statements always does.
void Program::find_leaving() {
  const Module& m = *module_;
  leaves_.assign(m.stmts.size(), false);
  std::vector<bool> block_leaves(m.blocks.size(), false);
  const auto leaves = [&](BlockId block) { return block != kNone && block_leaves[block]; };
  for (StmtId id = static_cast<StmtId>(m.stmts.size()); id-- > 0;) {
    const Stmt& s = m.stmt(id);
    bool left = false;
    switch (s.kind) {
      case StmtKind::return_:
      case StmtKind::raise:
      case StmtKind::break_:
      case StmtKind::continue_:
        left = true;
        break;
      case StmtKind::expr:
        left = s.value != kNone && m.expr(s.value).kind == ExprKind::call &&
               is_exit(calls_->qualified_name(m.operand(s.value, 0)));
        break;
      case StmtKind::if_: {
        if (!leaves(s.body) && !leaves(s.orelse)) break;
        const Truth truth = folder_->truth(s.value);
        left = truth == Truth::yes  ? leaves(s.body)
               : truth == Truth::no ? leaves(s.orelse)
                                    : leaves(s.body) && leaves(s.orelse);
        break;
      }
      case StmtKind::with:
        left = leaves(s.body);
        break;
      case StmtKind::try_:
        left = leaves(s.finally) || (leaves(s.body) && s.handlers == kNone);
        break;
      default:
        break;
    }
    leaves_[id] = left;
    if (left && s.block != kNone) block_leaves[s.block] = true;
  }
  // Behind the first leaving statement of its block.
  for (const Block& block : m.blocks) {
    bool dead = false;
    for (const StmtId id : m.list(block.statements)) {
      const bool leaves_here = leaves_[id];
      leaves_[id] = dead;
      dead = dead || leaves_here;
    }
  }
}

// From here on leaves_[s] says that s stands behind a statement that always leaves.
Truth Program::in_function(StmtId id) const {
  const Module& m = *module_;
  const Stmt& s = m.stmt(id);
  if (leaves_[id]) return Truth::no;
  const Block& block = m.blocks[s.block];
  if (block.owner == kNone || block.role == Block::Role::function) return Truth::yes;
  const Stmt& owner = m.stmt(block.owner);
  const Truth outside = statement_runs_[block.owner];  // computed before: owners come first
  if (outside == Truth::no) return outside;
  if (owner.kind == StmtKind::if_) {
    const Truth truth = folder_->truth(owner.value);
    return both(outside, block.role == Block::Role::orelse ? !truth : truth);
  }
  if (owner.kind == StmtKind::while_ && block.role == Block::Role::body) {
    return folder_->truth(owner.value) == Truth::no ? Truth::no : outside;
  }
  if (owner.kind == StmtKind::for_ && block.role == Block::Role::body && owner.value != kNone &&
      m.expr(owner.value).kind == ExprKind::call && m.operands(owner.value).size() == 2 &&
      m.name(m.operand(owner.value, 0)) == "range") {
    const Value& count = folder_->fold(m.operand(owner.value, 1)).value;
    if (count.is_number() && count.number() <= 0) return Truth::no;
  }
  if (owner.kind == StmtKind::case_) return both(outside, Truth::unknown);
  return outside;
}

void Program::reach() {
  const Module& m = *module_;
  function_runs_.assign(m.functions.size(), Truth::no);
  std::vector<std::vector<StmtId>> body(m.functions.size());
  for (StmtId s = 0; s < m.stmts.size(); ++s) body[m.stmt(s).function].push_back(s);
  std::vector<FunctionId> work;
  const auto rises = [](Truth from, Truth to) { return from != Truth::yes && to != Truth::no && from != to; };
  const auto raise_to = [&](FunctionId f, Truth truth) {
    if (!rises(function_runs_[f], truth)) return;
    function_runs_[f] = truth;
    work.push_back(f);
  };
  std::vector<bool> mentioned(m.symbols.size(), false);  // as an attribute, in what runs or may run
  std::vector<Truth> class_used(m.classes.size(), Truth::no);
  const auto use_class = [&](ClassId cls, Truth truth) {
    if (!rises(class_used[cls], truth)) return;
    class_used[cls] = truth;
    for (const StmtId s : m.statements(m.classes[cls].body)) {
      if (m.stmt(s).kind == StmtKind::def && is_hook(m.symbol(m.functions[m.stmt(s).def].name))) {
        raise_to(m.stmt(s).def, truth);
      }
    }
  };
  raise_to(0, Truth::yes);
  while (!work.empty()) {
    const FunctionId f = work.back();
    work.pop_back();
    // Defaults and decorators of a def belong to the statement, which runs where the def does.
    for (const StmtId s : body[f]) {
      const Truth here = both(function_runs_[f], statement_runs_[s]);
      if (here == Truth::no) continue;
      for (ExprId e = m.stmt(s).first_expr; e < m.stmt(s).end_expr; ++e) {
        const Truth there = both(here, guard(e));
        if (there == Truth::no) continue;
        const Expr& expr = m.expr(e);
        if (expr.kind == ExprKind::call) {
          for (const Callee& callee : calls_->callees(e)) {
            raise_to(callee.function, callee.certain ? there : both(there, Truth::unknown));
          }
        } else if (expr.kind == ExprKind::name) {
          for (const Binding& binding : first_bindings(calls_->bindings_of(e))) {
            if (binding.kind == Binding::Kind::class_) use_class(binding.node, there);
            if (binding.kind == Binding::Kind::function && binding.stmt != s) {
              raise_to(binding.node, both(there, Truth::unknown));  // passed on, who knows where
            }
          }
        } else if (expr.kind == ExprKind::attribute && expr.parent != kNone) {
          if (mentioned[expr.name]) continue;
          mentioned[expr.name] = true;
          const auto by_name = methods_by_name_.find(expr.name);
          if (by_name == methods_by_name_.end()) continue;
          for (const FunctionId method : by_name->second) raise_to(method, Truth::unknown);
        } else if (expr.kind == ExprKind::lambda) {
          raise_to(expr.aux, there);
        }
      }
    }
  }
}

Truth Program::guard(ExprId id) const {
  const Module& m = *module_;
  Truth truth = Truth::yes;
  for (ExprId parent = m.expr(id).parent; parent != kNone && truth != Truth::no;
       id = parent, parent = m.expr(id).parent) {
    const Expr& p = m.expr(parent);
    if (p.kind == ExprKind::conditional && m.operand(parent, 0) != id) {
      const Truth condition = folder_->truth(m.operand(parent, 0));
      truth = both(truth, m.operand(parent, 1) == id ? condition : !condition);
    } else if (p.kind == ExprKind::boolean && !p.is_comparison && m.operand(parent, 1) == id) {
      const Truth left = folder_->truth(m.operand(parent, 0));
      truth = both(truth, p.op == Op::and_ ? left : !left);
    }
  }
  return truth;
}

Truth Program::runs_function(FunctionId function) const {
  return function_runs_[function];
}
Truth Program::runs(StmtId statement) const {
  return both(function_runs_[module_->stmt(statement).function], statement_runs_[statement]);
}
Truth Program::runs_expr(ExprId expression) const {
  const Expr& e = module_->expr(expression);
  if (e.stmt == kNone) return Truth::unknown;
  const Truth around = both(function_runs_[e.function], runs(e.stmt));
  return around == Truth::no ? around : both(around, guard(expression));
}

std::vector<SettingOrigin> Program::why(StmtId statement) const {
  std::vector<SettingOrigin> origins;
  const Module& m = *module_;
  for (BlockId block = m.stmt(statement).block; block != kNone && origins.empty();) {
    const StmtId owner = m.blocks[block].owner;
    if (owner == kNone || m.blocks[block].role == Block::Role::function) break;
    if (m.stmt(owner).kind == StmtKind::if_ || m.stmt(owner).kind == StmtKind::while_) {
      origins = folder_->reasons(m.stmt(owner).value);
    }
    block = m.stmt(owner).block;
  }
  return origins;
}

}  // namespace pg::verify::py

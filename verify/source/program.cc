#include "verify/source/program.h"

#include <algorithm>
#include <unordered_map>

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

// Bottom-up: a block leaves where one of its statements always does.
void Program::find_leaving() {
  const Module& m = module();
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
               is_exit(calls().qualified_name(m.operand(s.value, 0)));
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
  const Module& m = module();
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

// From the module level along calls, references and instances; a function's truth only rises, so it is visited at most
// twice.
class Program::Reach {
 public:
  explicit Reach(Program& program)
      : p_(program),
        m_(program.module()),
        body_(m_.functions.size()),
        mentioned_(m_.symbols.size(), false),
        class_used_(m_.classes.size(), Truth::no) {
    p_.function_runs_.assign(m_.functions.size(), Truth::no);
    for (StmtId s = 0; s < m_.stmts.size(); ++s) body_[m_.stmt(s).function].push_back(s);
    for (FunctionId f = 0; f < m_.functions.size(); ++f) {
      if (m_.functions[f].cls != kNone) methods_[m_.functions[f].name].push_back(f);
    }
  }

  void run() {
    raise_to(0, Truth::yes);
    while (!work_.empty()) {
      const FunctionId f = work_.back();
      work_.pop_back();
      for (const StmtId s : body_[f]) visit(s, both(p_.function_runs_[f], p_.statement_runs_[s]));
    }
  }

 private:
  static bool rises(Truth from, Truth to) { return from != Truth::yes && to != Truth::no && from != to; }

  void raise_to(FunctionId f, Truth truth) {
    if (!rises(p_.function_runs_[f], truth)) return;
    p_.function_runs_[f] = truth;
    work_.push_back(f);
  }

  void use_class(ClassId cls, Truth truth) {
    if (!rises(class_used_[cls], truth)) return;
    class_used_[cls] = truth;
    for (const StmtId s : m_.statements(m_.classes[cls].body)) {
      if (m_.stmt(s).kind == StmtKind::def && is_hook(m_.symbol(m_.functions[m_.stmt(s).def].name))) {
        raise_to(m_.stmt(s).def, truth);
      }
    }
  }

  void visit(StmtId s, Truth here) {
    if (here == Truth::no) return;
    const Stmt& stmt = m_.stmt(s);
    if (stmt.kind == StmtKind::def && p_.calls().registered(stmt.def)) raise_to(stmt.def, both(here, Truth::unknown));
    for (ExprId e = stmt.first_expr; e < stmt.end_expr; ++e) {
      const ExprKind kind = m_.expr(e).kind;
      if (kind != ExprKind::call && kind != ExprKind::name && kind != ExprKind::attribute && kind != ExprKind::lambda) {
        continue;
      }
      if (const Truth there = both(here, p_.guard(e)); there != Truth::no) visit_expr(e, there);
    }
  }

  void visit_expr(ExprId e, Truth here) {
    const Truth perhaps = both(here, Truth::unknown);
    const Expr& expr = m_.expr(e);
    if (expr.kind == ExprKind::lambda) {
      raise_to(expr.aux, here);
    } else if (expr.kind == ExprKind::call) {
      for (const Callee& callee : p_.calls().callees(e)) raise_to(callee.function, callee.certain ? here : perhaps);
    } else if (expr.kind == ExprKind::name) {
      for (const Binding& binding : first_bindings(p_.calls().bindings_of(e))) {
        if (binding.kind == Binding::Kind::class_) use_class(binding.node, here);
        if (binding.kind == Binding::Kind::function && binding.stmt != expr.stmt) {
          // Passed on, who knows where; or to a function of this module that calls it.
          raise_to(binding.node, p_.is_run_by_callee(e) ? here : perhaps);
        }
      }
    } else if (!mentioned_[expr.name]) {
      mentioned_[expr.name] = true;
      if (const auto methods = methods_.find(expr.name); methods != methods_.end()) {
        for (const FunctionId method : methods->second) raise_to(method, Truth::unknown);
      }
    }
  }

  Program& p_;
  const Module& m_;
  std::vector<std::vector<StmtId>> body_;  // of each function
  std::vector<bool> mentioned_;            // as an attribute, in what runs or may run
  std::vector<Truth> class_used_;
  std::unordered_map<Symbol, std::vector<FunctionId>> methods_;
  std::vector<FunctionId> work_;
};

Program::Program(std::shared_ptr<const Parsed> parsed, const Settings& settings)
    : parsed_(std::move(parsed)), folder_(std::make_unique<Folder>(module(), calls(), settings)) {
  find_leaving();
  for (StmtId s = 0; s < module().stmts.size(); ++s) statement_runs_.push_back(in_function(s));
  Reach(*this).run();
}

bool Program::is_run_by_callee(ExprId argument) const {
  const Module& m = module();
  const ExprId call = m.expr(argument).parent;
  if (call == kNone || m.expr(call).kind != ExprKind::call) return false;
  const auto arguments = m.operands(call);
  const auto at = std::ranges::find(arguments.first(std::min<std::size_t>(arguments.size(), 8)), argument);
  const auto callees = calls().callees(call);
  if (callees.size() != 1 || !callees[0].certain) return false;
  const auto index = static_cast<std::uint32_t>(at - arguments.begin());
  const std::uint32_t parameter = calls().parameter_of(call, callees[0], index);
  if (parameter == kNone) return false;
  const Symbol name = m.parameters(callees[0].function)[parameter].name;
  const auto inside = calls().calls_in(callees[0].function);
  for (const ExprId inner : inside.first(std::min<std::size_t>(inside.size(), 256))) {
    const ExprId callee = m.operand(inner, 0);
    if (callee != kNone && m.expr(callee).kind == ExprKind::name && m.expr(callee).name == name &&
        statement_runs_[m.expr(inner).stmt] == Truth::yes) {
      return true;
    }
  }
  return false;
}

Truth Program::guard(ExprId id) const {
  const Module& m = module();
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
  return both(function_runs_[module().stmt(statement).function], statement_runs_[statement]);
}
Truth Program::runs_expr(ExprId expression) const {
  const Expr& e = module().expr(expression);
  if (e.stmt == kNone) return Truth::unknown;
  const Truth around = both(function_runs_[e.function], runs(e.stmt));
  return around == Truth::no ? around : both(around, guard(expression));
}

std::vector<SettingOrigin> Program::why(StmtId statement) const {
  std::vector<SettingOrigin> origins;
  const Module& m = module();
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

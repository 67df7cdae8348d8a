#include "verify/source/call_graph.h"

#include <algorithm>

#include "verify/source/resolver.h"

namespace pg::verify::py {

ExprId argument_of(const Module& module, ExprId call, const Callee& callee, std::uint32_t parameter) {
  const auto parameters = module.parameters(callee.function);
  if (parameter >= parameters.size()) return kNone;
  const Parameter& wanted = parameters[parameter];
  const auto arguments = module.operands(call);
  std::uint32_t position = callee.bound;
  bool unknown = false;  // *args or **kwargs may fill it
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const Expr& argument = module.expr(arguments[i]);
    if (argument.kind == ExprKind::keyword) {
      if (argument.name == wanted.name) return module.operand(arguments[i], 0);
    } else if (argument.kind == ExprKind::starred || argument.kind == ExprKind::double_starred) {
      unknown = true;
    } else if (!unknown && position++ == parameter &&
               (wanted.kind == Parameter::Kind::plain || wanted.kind == Parameter::Kind::positional_only)) {
      return arguments[i];
    }
  }
  return unknown || parameter < callee.bound ? kNone : wanted.default_value;
}

std::uint32_t parameter_filled_by(const Module& module, ExprId call, const Callee& callee, std::uint32_t index) {
  const auto parameters = module.parameters(callee.function);
  const auto arguments = module.operands(call);
  if (index == 0 || index >= arguments.size()) return kNone;
  const auto find = [&](auto matches) {
    const auto found = std::ranges::find_if(parameters, matches);
    return found == parameters.end() ? kNone : static_cast<std::uint32_t>(found - parameters.begin());
  };
  const Expr& argument = module.expr(arguments[index]);
  if (argument.kind == ExprKind::keyword) {
    const auto named = find([&](const Parameter& p) { return p.name == argument.name; });
    return named != kNone ? named : find([](const Parameter& p) { return p.kind == Parameter::Kind::var_keyword; });
  }
  if (argument.kind == ExprKind::double_starred) return kNone;
  std::uint32_t position = callee.bound;
  for (std::uint32_t i = 1; i < index; ++i) {
    const ExprKind kind = module.expr(arguments[i]).kind;
    if (kind == ExprKind::starred) return kNone;
    position += kind != ExprKind::keyword && kind != ExprKind::double_starred;
  }
  const bool fits = position < parameters.size() && parameters[position].kind <= Parameter::Kind::positional_only;
  if (fits && argument.kind != ExprKind::starred) return position;
  return fits ? kNone : find([](const Parameter& p) { return p.kind == Parameter::Kind::var_positional; });
}

struct CallGraph::State {
  explicit State(const Module& m) : module(m), resolver(m) {
    list_calls();
    resolve_calls();
    resolver.set_calls(&callers);
    resolve_calls();  // again, with what callers pass for parameters
    find_escapes();
  }

  void list_calls();
  void resolve_calls();
  void find_escapes();

  const Module& module;
  mutable Resolver resolver;
  std::vector<Range> call_callees;         // by call number
  std::vector<std::uint32_t> call_number;  // by expression; kNone: no call
  std::vector<Callee> callees;
  std::vector<ExprId> calls;  // by function, in order of evaluation
  std::vector<Range> function_calls;
  std::vector<std::vector<ExprId>> callers;
  std::vector<bool> escapes;
};

void CallGraph::State::list_calls() {
  function_calls.resize(module.functions.size());
  call_number.resize(module.exprs.size(), kNone);
  for (const Expr& e : module.exprs) function_calls[e.function].count += e.kind == ExprKind::call;
  std::uint32_t total = 0;
  for (Range& range : function_calls) range.first = total, total += range.count, range.count = 0;
  calls.resize(total);
  for (ExprId id = 0; id < module.exprs.size(); ++id) {
    if (module.expr(id).kind != ExprKind::call) continue;
    Range& range = function_calls[module.expr(id).function];
    call_number[id] = range.first + range.count;
    calls[range.first + range.count++] = id;
  }
}

void CallGraph::State::resolve_calls() {
  std::vector<std::vector<ExprId>> found(module.functions.size());
  callees.clear();
  call_callees.assign(calls.size(), {});
  for (std::size_t i = 0; i < calls.size(); ++i) {
    call_callees[i].first = static_cast<std::uint32_t>(callees.size());
    for (const Callee& callee : resolver.functions(module.operand(calls[i], 0))) {
      callees.push_back(callee);
      found[callee.function].push_back(calls[i]);
      ++call_callees[i].count;
    }
  }
  callers = std::move(found);
}

void CallGraph::State::find_escapes() {
  escapes.assign(module.functions.size(), false);
  std::vector<bool> names_function(module.symbols.size(), false);
  for (const Function& f : module.functions) {
    if (f.kind == Function::Kind::def) names_function[f.name] = true;
  }
  for (ExprId id = 0; id < module.exprs.size(); ++id) {
    const Expr& e = module.expr(id);
    if (e.kind == ExprKind::lambda) {
      escapes[e.aux] = e.parent != kNone;
      continue;
    }
    const bool is_candidate = (e.kind == ExprKind::name || e.kind == ExprKind::attribute) && names_function[e.name];
    if (!is_candidate ||
        (e.parent != kNone && module.expr(e.parent).kind == ExprKind::call && module.operand(e.parent, 0) == id)) {
      continue;
    }
    if (e.kind == ExprKind::name) {
      for (const Binding& binding : first_bindings(resolver.bindings_of(id))) {
        if (binding.kind == Binding::Kind::function) escapes[binding.node] = true;
      }
    } else {
      for (const Callee& callee : resolver.functions(id)) escapes[callee.function] = true;
    }
  }
}

CallGraph::CallGraph(const Module& module) : state_(std::make_unique<State>(module)) {}
CallGraph::~CallGraph() = default;
CallGraph::CallGraph(CallGraph&&) noexcept = default;
CallGraph& CallGraph::operator=(CallGraph&&) noexcept = default;

std::span<const Binding> CallGraph::bindings(FunctionId from, Symbol name) const {
  return state_->resolver.scopes().visible(from, name);
}
std::span<const Binding> CallGraph::bindings_of(ExprId name) const {
  return state_->resolver.bindings_of(name);
}
std::span<const Binding> CallGraph::class_bindings(ClassId cls, Symbol name) const {
  return state_->resolver.scopes().in_class(cls, name);
}
std::span<const Binding> CallGraph::attribute_bindings(Symbol attribute) const {
  return state_->resolver.scopes().of_attribute(attribute);
}

std::span<const Callee> CallGraph::callees(ExprId call) const {
  const std::uint32_t number = call == kNone ? kNone : state_->call_number[call];
  if (number == kNone) return {};
  const Range range = state_->call_callees[number];
  return {state_->callees.data() + range.first, range.count};
}

std::vector<Callee> CallGraph::functions_of(ExprId value) const {
  return state_->resolver.functions(value);
}
std::vector<ClassId> CallGraph::classes_of(ExprId value) const {
  return state_->resolver.classes(value);
}
bool CallGraph::inherits(ClassId derived, ClassId base) const {
  return state_->resolver.inherits(derived, base);
}
std::span<const ExprId> CallGraph::calls_of(FunctionId function) const {
  return state_->callers[function];
}
bool CallGraph::escapes(FunctionId function) const {
  return state_->escapes[function];
}

std::span<const ExprId> CallGraph::calls_in(FunctionId function) const {
  const Range range = state_->function_calls[function];
  return {state_->calls.data() + range.first, range.count};
}

std::string CallGraph::qualified_name(ExprId callee) const {
  return state_->resolver.qualified_name(callee);
}
ExprId CallGraph::argument(ExprId call, const Callee& callee, std::uint32_t parameter) const {
  return argument_of(state_->module, call, callee, parameter);
}
std::uint32_t CallGraph::parameter_of(ExprId call, const Callee& callee, std::uint32_t index) const {
  return parameter_filled_by(state_->module, call, callee, index);
}

}  // namespace pg::verify::py

#include "verify/source/resolver.h"

#include <algorithm>
#include <array>

namespace pg::verify::py {
namespace {

// Calls whose value behaves like their first argument when called.
bool is_wrapper(std::string_view name) {
  static constexpr std::array<std::string_view, 14> kNames = {"compile",
                                                              "script",
                                                              "DDP",
                                                              "DistributedDataParallel",
                                                              "FullyShardedDataParallel",
                                                              "FSDP",
                                                              "partial",
                                                              "partialmethod",
                                                              "no_grad",
                                                              "inference_mode",
                                                              "deepcopy",
                                                              "copy",
                                                              "lru_cache",
                                                              "wraps"};
  const auto dot = name.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  return std::ranges::find(kNames, last) != kNames.end();
}

// Methods that return what they are called on.
bool returns_self(std::string_view name) {
  static constexpr std::array<std::string_view, 14> kNames = {
      "to",     "cuda",           "cpu",   "eval",    "train",  "bfloat16", "half", "float",
      "double", "requires_grad_", "apply", "compile", "module", "_orig_mod"};
  return std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace

Resolver::Resolver(const Module& module) : module_(module), scopes_(module) {
  for (FunctionId f = 0; f < module_.functions.size(); ++f) {
    if (module_.functions[f].cls != kNone) methods_[module_.functions[f].name].push_back(f);
  }
}

std::span<const Binding> Resolver::bindings_of(ExprId name) const {
  const Expr& e = module_.expr(name);
  if (e.stmt != kNone) {
    const Stmt& s = module_.stmt(e.stmt);
    if (s.cls != kNone && s.function == e.function) {
      if (const auto found = scopes_.in_class(s.cls, e.name); !found.empty()) return found;
    }
  }
  return scopes_.visible(e.function, e.name);
}

std::vector<Callee> Resolver::functions(ExprId callee) {
  Query query;
  follow(callee, {.functions = true}, query);
  return std::move(query.functions);
}

std::vector<ClassId> Resolver::classes(ExprId value) {
  Query query;
  follow(value, {.functions = false}, query);
  return std::move(query.classes);
}

void Resolver::follow(ExprId value, Wanted wanted, Query& query) {
  if (value == kNone || wanted.depth > kMaxDepth || ++query.steps > kMaxSteps) return;
  ++wanted.depth;
  const Expr& e = module_.expr(value);
  switch (e.kind) {
    case ExprKind::name:
      if (const ClassId cls = receiver_class(value); cls != kNone) return found_instance(cls, wanted, query);
      for (const Binding& binding : bindings_of(value)) {
        if (query.steps > kMaxSteps) return;
        follow_binding(binding, wanted, query);
      }
      return;
    case ExprKind::attribute:
      return follow_attribute(value, wanted, query);
    case ExprKind::call:
      return follow_call(value, wanted, query);
    case ExprKind::lambda:
      return found_function(e.aux, wanted, query);
    case ExprKind::conditional:
      return follow_operands(value, 1, wanted, query);
    case ExprKind::boolean:
      return follow_operands(value, 0, wanted, query);
    case ExprKind::named:
      return follow(module_.operand(value, 1), wanted, query);
    case ExprKind::subscript:
      wanted.element = true;
      return follow(module_.operand(value, 0), wanted, query);
    case ExprKind::list:
    case ExprKind::tuple:
    case ExprKind::dict:
      if (!wanted.element) return;
      wanted.element = wanted.certain = false;
      return follow_operands(value, 0, wanted, query);
    case ExprKind::pair:
      return follow(module_.operand(value, 1), wanted, query);
    case ExprKind::list_comp:
    case ExprKind::generator:
      if (!wanted.element) return;
      wanted.element = false;
      return follow(module_.operand(value, 0), wanted, query);
    default:
      return;
  }
}

void Resolver::follow_operands(ExprId value, std::uint32_t from, Wanted wanted, Query& query) {
  for (std::uint32_t i = from; i < module_.operands(value).size() && query.steps <= kMaxSteps; ++i) {
    follow(module_.operand(value, i), wanted, query);
  }
}

void Resolver::follow_binding(const Binding& binding, Wanted wanted, Query& query) {
  ++query.steps;
  switch (binding.kind) {
    case Binding::Kind::value:
      return follow(binding.node, wanted, query);
    case Binding::Kind::element:
    case Binding::Kind::unpacked:
      wanted.element = true;
      return follow(binding.node, wanted, query);
    case Binding::Kind::context:
      return follow(binding.node, wanted, query);
    case Binding::Kind::function:
      if (!wanted.element) found_function(binding.node, wanted, query);
      return;
    case Binding::Kind::class_:
      // Calling a class runs __init__; the class itself is no instance.
      if (wanted.functions && !wanted.element) {
        ++wanted.bound;
        found_method(binding.node, module_.find_symbol("__init__"), wanted, query);
      }
      return;
    case Binding::Kind::parameter:
      return follow_parameter(binding, wanted, query);
    default:
      return;
  }
}

void Resolver::follow_parameter(const Binding& binding, Wanted wanted, Query& query) {
  const Parameter& parameter = module_.all_parameters[binding.node];
  if (parameter.annotation != kNone && !wanted.element) {
    const ClassId cls = class_named(module_.operand(parameter.annotation, 0));
    if (cls != kNone) return found_instance(cls, wanted, query);
  }
  if (calls_ == nullptr) return;
  const std::uint32_t index = binding.node - module_.functions[binding.scope].parameters.first;
  const auto& calls = (*calls_)[binding.scope];
  for (std::size_t i = 0; i < std::min<std::size_t>(calls.size(), 4); ++i) {
    const bool is_method = module_.functions[binding.scope].cls != kNone;
    const Callee callee{binding.scope, is_method ? 1u : 0u, false};
    wanted.certain = wanted.certain && calls.size() == 1;
    follow(argument_of(module_, calls[i], callee, index), wanted, query);
  }
}

void Resolver::follow_attribute(ExprId value, Wanted wanted, Query& query) {
  const Symbol name = module_.expr(value).name;
  const ExprId object = module_.operand(value, 0);
  if (object == kNone || is_foreign_module(object)) return;
  if (returns_self(module_.symbol(name)) && !wanted.functions) follow(object, wanted, query);
  if (wanted.functions && !wanted.element) {
    const std::size_t before = query.functions.size();
    if (const ClassId cls = class_named(object); cls != kNone) {
      found_method(cls, name, wanted, query);  // Class.method: nothing bound
    } else {
      Query owner;
      owner.steps = query.steps;
      follow(object, {.depth = wanted.depth}, owner);
      query.steps = owner.steps;
      Wanted bound = wanted;
      ++bound.bound;
      for (const ClassId instance : owner.classes) found_method(instance, name, bound, query);
      const auto methods = methods_.find(name);
      if (query.functions.size() == before && owner.classes.empty() && methods != methods_.end() &&
          methods->second.size() <= 3) {
        bound.certain = false;
        for (const FunctionId method : methods->second) found_function(method, bound, query);
      }
    }
    if (query.functions.size() > before) return;
  }
  for (const Binding& binding : scopes_.of_attribute(name)) {
    if (query.steps > kMaxSteps) return;
    Wanted stored = wanted;
    stored.certain = false;
    follow_binding(binding, stored, query);
  }
}

void Resolver::follow_call(ExprId value, Wanted wanted, Query& query) {
  const ExprId callee = module_.operand(value, 0);
  if (callee == kNone) return;
  if (const ClassId cls = class_named(callee); cls != kNone) {
    if (!wanted.element) found_instance(cls, wanted, query);
    return;
  }
  const Expr& c = module_.expr(callee);
  const std::string_view last = last_name(callee);
  const ExprId first = module_.operand(value, 1);
  if (last == "partial" || last == "partialmethod") {
    const auto arguments = module_.operands(value);
    for (std::size_t i = 2; i < arguments.size(); ++i) {
      const ExprKind kind = module_.expr(arguments[i]).kind;
      wanted.bound += kind != ExprKind::keyword && kind != ExprKind::double_starred;
    }
    return follow(first, wanted, query);
  }
  if (is_wrapper(last) || last == "ModuleList" || last == "Sequential" || last == "enumerate" || last == "zip" ||
      last == "list" || last == "tuple" || last == "reversed") {
    if (first != kNone) follow(first, wanted, query);
    return;
  }
  // torch.no_grad()(f), decorators called by hand.
  const ExprId maker = c.kind == ExprKind::call ? module_.operand(callee, 0) : kNone;
  if (maker != kNone && is_wrapper(module_.symbol(module_.expr(maker).name))) return follow(first, wanted, query);
  if (c.kind == ExprKind::attribute && returns_self(last)) return follow(module_.operand(callee, 0), wanted, query);
  // What a function of this module returns.
  Query made;
  made.steps = query.steps;
  follow(callee, {.functions = true, .depth = wanted.depth}, made);
  query.steps = made.steps;
  wanted.certain = wanted.certain && made.functions.size() == 1;
  for (const Callee& factory : made.functions) {
    const Function& function = module_.functions[factory.function];
    if (function.kind == Function::Kind::lambda) {
      follow(module_.operand(function.expr, 0), wanted, query);
      continue;
    }
    // Returns at the outer level of the body; enough for factories.
    for (const StmtId s : module_.statements(function.body)) {
      if (module_.stmt(s).kind == StmtKind::return_) follow(module_.stmt(s).value, wanted, query);
      if (++query.steps > kMaxSteps) return;
    }
  }
}

void Resolver::found_function(FunctionId function, const Wanted& wanted, Query& query) {
  if (!wanted.functions || wanted.element) return;
  if (std::ranges::find(query.functions, function, &Callee::function) != query.functions.end()) return;
  query.functions.push_back({function, wanted.bound, wanted.certain});
}

void Resolver::found_instance(ClassId cls, const Wanted& wanted, Query& query) {
  if (!wanted.functions) {
    if (std::ranges::find(query.classes, cls) == query.classes.end()) query.classes.push_back(cls);
    return;
  }
  Wanted method = wanted;
  ++method.bound;
  const std::size_t before = query.functions.size();
  found_method(cls, module_.find_symbol("__call__"), method, query);
  if (query.functions.size() == before) found_method(cls, module_.find_symbol("forward"), method, query);
}

void Resolver::found_method(ClassId cls, Symbol name, Wanted wanted, Query& query) {
  if (name == kNone) return;
  for (int inherited = 0; cls != kNone && inherited < kMaxDepth; ++inherited) {
    bool found = false;
    for (const Binding& binding : first_bindings(scopes_.in_class(cls, name))) {
      found = true;
      if (binding.kind == Binding::Kind::function) {
        Wanted method = wanted;
        for (const ExprId decorator : module_.decorators(binding.node)) {
          const std::string_view mark = module_.name(decorator);
          if (mark == "staticmethod" && method.bound > 0) --method.bound;
          if (mark == "classmethod" && method.bound == 0) ++method.bound;
        }
        found_function(binding.node, method, query);
      } else if (binding.kind == Binding::Kind::value && wanted.depth <= kMaxDepth) {
        follow(binding.node, wanted, query);
      }
    }
    if (found) return;
    const auto bases = module_.bases(cls);
    cls = bases.empty() ? kNone : class_named(bases[0]);
  }
}

ClassId Resolver::class_named(ExprId value) const {
  if (value == kNone) return kNone;
  const Expr& e = module_.expr(value);
  std::span<const Binding> bindings;
  if (e.kind == ExprKind::name) bindings = bindings_of(value);
  if (e.kind == ExprKind::string) {  // a quoted annotation
    const Symbol name = module_.find_symbol(module_.string_value(value));
    if (name != kNone) bindings = scopes_.in_function(0, name);
  }
  for (const Binding& binding : first_bindings(bindings)) {
    if (binding.kind == Binding::Kind::class_) return binding.node;
  }
  return kNone;
}

bool Resolver::inherits(ClassId derived, ClassId base) const {
  std::vector<ClassId> work{derived};
  for (std::size_t i = 0; i < work.size() && i < 16; ++i) {
    const auto bases = module_.bases(work[i]);
    for (const ExprId b : bases.first(std::min<std::size_t>(bases.size(), 4))) {
      const ClassId cls = class_named(b);
      if (cls == base) return true;
      if (cls != kNone) work.push_back(cls);
    }
  }
  return false;
}

ClassId Resolver::receiver_class(ExprId name) const {
  const Expr& e = module_.expr(name);
  for (FunctionId f = e.function; f != kNone && f != 0; f = module_.functions[f].parent) {
    const Function& function = module_.functions[f];
    const auto parameters = module_.parameters(f);
    if (function.cls != kNone) {
      const bool is_first = !parameters.empty() && parameters[0].name == e.name;
      const auto is_static = [this](ExprId decorator) { return module_.name(decorator) == "staticmethod"; };
      return is_first && std::ranges::none_of(module_.decorators(f), is_static) ? function.cls : kNone;
    }
    if (!scopes_.in_function(f, e.name).empty()) return kNone;
  }
  return kNone;
}

bool Resolver::is_foreign_module(ExprId object) const {
  while (object != kNone && module_.expr(object).kind == ExprKind::attribute) object = module_.operand(object, 0);
  if (object == kNone || module_.expr(object).kind != ExprKind::name) return false;
  const auto bindings = bindings_of(object);
  return !bindings.empty() && bindings[0].kind == Binding::Kind::import;
}

std::string_view Resolver::last_name(ExprId callee) const {
  for (int aliases = 0; callee != kNone && aliases < 4; ++aliases) {
    const ExprKind kind = module_.expr(callee).kind;
    if (kind == ExprKind::attribute) return module_.name(callee);
    if (kind != ExprKind::name) break;
    const auto bindings = bindings_of(callee);
    if (bindings.empty()) return module_.name(callee);
    const Binding& binding = bindings.front();
    if (binding.kind == Binding::Kind::function || binding.kind == Binding::Kind::class_) return module_.name(callee);
    if (binding.kind == Binding::Kind::import) {
      const Import& import = module_.all_imports[binding.node];
      if (!import.name.empty()) return import.name;
      const bool is_root = module_.symbol(import.as) == import.module.substr(0, import.module.find('.'));
      return is_root ? module_.symbol(import.as) : import.module.substr(import.module.rfind('.') + 1);
    }
    if (bindings.size() != 1 || binding.kind != Binding::Kind::value) break;
    callee = binding.node;
  }
  return {};
}

std::string Resolver::qualified_name(ExprId callee) const {
  std::vector<std::string_view> parts;
  std::string root;
  for (int aliases = 0; callee != kNone && aliases < 4; ++aliases) {
    while (callee != kNone && module_.expr(callee).kind == ExprKind::attribute) {
      parts.push_back(module_.name(callee));
      callee = module_.operand(callee, 0);
    }
    if (callee == kNone || module_.expr(callee).kind != ExprKind::name) break;
    const auto bindings = bindings_of(callee);
    if (bindings.empty()) {
      root = module_.name(callee);  // a builtin
      break;
    }
    const Binding& binding = bindings.front();
    if (binding.kind == Binding::Kind::import) {
      const Import& import = module_.all_imports[binding.node];
      // `import a.b` binds a.
      const bool is_root =
          import.name.empty() && module_.symbol(import.as) == import.module.substr(0, import.module.find('.'));
      root = is_root ? std::string(module_.symbol(import.as)) : std::string(import.module);
      if (!import.name.empty()) root.append(".").append(import.name);
      break;
    }
    const bool is_definition = binding.kind == Binding::Kind::function || binding.kind == Binding::Kind::class_;
    if (is_definition) root = module_.name(callee);
    const bool is_alias =
        bindings.size() == 1 && binding.kind == Binding::Kind::value &&
        (module_.expr(binding.node).kind == ExprKind::attribute || module_.expr(binding.node).kind == ExprKind::name);
    if (is_definition || !is_alias) break;
    callee = binding.node;
  }
  if (root.empty() && parts.empty()) return {};
  if (root.empty()) return std::string(".").append(parts.front());
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) root.append(".").append(*part);
  return root;
}

}  // namespace pg::verify::py

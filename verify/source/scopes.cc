#include "verify/source/scopes.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace pg::verify::py {

Scopes::Scopes(const Module& module) : module_(module) {
  collect_declarations();
  collect_parameters();
  for (StmtId id = 0; id < module_.stmts.size(); ++id) collect_statement(id);
  collect_expressions();
  finish();
}

std::span<const Binding> Scopes::find(std::uint32_t scope, Symbol name) const {
  const std::uint64_t wanted = key(scope, name);
  for (std::size_t at = hash(wanted);; ++at) {
    const Slot& slot = slots_[at & (slots_.size() - 1)];
    if (slot.key == wanted) return {bindings_.data() + slot.range.first, slot.range.count};
    if (slot.key == kFree) return {};
  }
}

std::span<const Binding> Scopes::visible(FunctionId from, Symbol name) const {
  for (FunctionId scope = from; scope != kNone;) {
    if (!redirected_.empty()) {
      if (const auto redirected = redirected_.find(key(scope, name)); redirected != redirected_.end()) {
        scope = redirected->second;
        continue;
      }
    }
    if (const auto found = find(scope, name); !found.empty()) return found;
    scope = module_.functions[scope].parent;
  }
  return {};
}

void Scopes::add(std::uint32_t scope, Symbol name, Binding binding) {
  if (const auto redirected = redirected_.find(key(scope, name)); redirected != redirected_.end()) {
    scope = redirected->second;
  }
  binding.scope = scope & kClassBit ? 0 : scope;
  entries_.push_back({key(scope, name), binding});
}

void Scopes::bind_name(ExprId name, Binding binding) {
  const Expr& e = module_.expr(name);
  const Stmt& s = module_.stmt(e.stmt);
  const bool in_class = s.cls != kNone && s.function == e.function;
  add(in_class ? kClassBit | s.cls : e.function, e.name, binding);
  if (in_class) entries_.push_back({key(kAttributes, e.name), binding});
}

void Scopes::bind_target(ExprId target, Binding binding) {
  std::vector<std::pair<ExprId, Binding>> work{{target, binding}};
  while (!work.empty()) {
    const auto [id, how] = work.back();
    work.pop_back();
    if (id == kNone) continue;
    const Expr& e = module_.expr(id);
    Binding part = how;
    switch (e.kind) {
      case ExprKind::name:
        bind_name(id, how);
        break;
      case ExprKind::attribute:
        part.target = id;
        entries_.push_back({key(kAttributes, e.name), part});
        break;
      case ExprKind::starred:
        part.kind = Binding::Kind::unpacked;
        work.emplace_back(module_.operand(id, 0), part);
        break;
      case ExprKind::tuple:
      case ExprKind::list: {
        const auto targets = module_.operands(id);
        const auto is_display = [&](ExprId v) {
          return v != kNone && (module_.expr(v).kind == ExprKind::tuple || module_.expr(v).kind == ExprKind::list);
        };
        const auto is_starred = [&](ExprId v) { return module_.expr(v).kind == ExprKind::starred; };
        const bool pairwise = how.kind == Binding::Kind::value && is_display(how.node) &&
                              module_.operands(how.node).size() == targets.size() &&
                              std::ranges::none_of(targets, is_starred) &&
                              std::ranges::none_of(module_.operands(how.node), is_starred);
        if (how.kind == Binding::Kind::value) part.kind = Binding::Kind::unpacked;
        for (std::size_t i = 0; i < targets.size(); ++i) {
          if (pairwise) part.kind = Binding::Kind::value, part.node = module_.operands(how.node)[i];
          work.emplace_back(targets[i], part);
        }
        break;
      }
      default:
        break;  // stores into containers bind no name
    }
  }
}

void Scopes::collect_declarations() {
  for (const Stmt& s : module_.stmts) {
    if (s.kind != StmtKind::global && s.kind != StmtKind::nonlocal) continue;
    const FunctionId parent = module_.functions[s.function].parent;
    if (parent == kNone) continue;  // at module level it says nothing
    for (const ExprId name : module_.list(s.targets)) {
      redirected_[key(s.function, module_.expr(name).name)] = s.kind == StmtKind::global ? 0 : parent;
    }
  }
}

void Scopes::collect_parameters() {
  for (FunctionId f = 0; f < module_.functions.size(); ++f) {
    const Range range = module_.functions[f].parameters;
    for (std::uint32_t i = range.first; i < range.first + range.count; ++i) {
      add(f, module_.all_parameters[i].name, {Binding::Kind::parameter, i, kNone, f});
    }
  }
}

void Scopes::collect_statement(StmtId id) {
  const Stmt& s = module_.stmt(id);
  const std::uint32_t scope = s.cls != kNone ? kClassBit | s.cls : s.function;
  Binding binding{Binding::Kind::value, s.value, id, s.function};
  switch (s.kind) {
    case StmtKind::aug_assign:
      binding.kind = Binding::Kind::augmented;
      [[fallthrough]];
    case StmtKind::assign:
      if (s.value == kNone) break;  // an annotation only
      for (const ExprId target : module_.targets(id)) bind_target(target, binding);
      break;
    case StmtKind::for_:
      binding.kind = Binding::Kind::element;
      for (const ExprId target : module_.targets(id)) bind_target(target, binding);
      break;
    case StmtKind::with:
      binding.kind = Binding::Kind::context;
      for (const ExprId item : module_.targets(id)) {
        binding.node = module_.operand(item, 0);
        bind_target(module_.operand(item, 1), binding);
      }
      break;
    case StmtKind::except:
      binding = {Binding::Kind::opaque, kNone, id, s.function};
      for (const ExprId target : module_.targets(id)) bind_target(target, binding);
      break;
    case StmtKind::case_:
      binding = {Binding::Kind::opaque, kNone, id, s.function};
      for (ExprId e = s.first_expr; e < s.end_expr && e < module_.exprs.size(); ++e) {
        if (module_.expr(e).kind == ExprKind::name) bind_name(e, binding);
      }
      break;
    case StmtKind::def: {
      binding = {Binding::Kind::function, s.def, id, s.function};
      add(scope, module_.functions[s.def].name, binding);
      break;
    }
    case StmtKind::class_:
      binding = {Binding::Kind::class_, s.def, id, s.function};
      add(scope, module_.classes[s.def].name, binding);
      break;
    case StmtKind::import:
    case StmtKind::import_from:
      for (std::uint32_t i = s.imports.first; i < s.imports.first + s.imports.count; ++i) {
        add(scope, module_.all_imports[i].as, {Binding::Kind::import, i, id, s.function});
      }
      break;
    default:
      break;
  }
}

void Scopes::collect_expressions() {
  for (ExprId id = 0; id < module_.exprs.size(); ++id) {
    const Expr& e = module_.expr(id);
    if (e.stmt == kNone || e.operands.count < 2) continue;
    if (e.kind == ExprKind::named) {
      bind_target(module_.operand(id, 0), {Binding::Kind::value, module_.operand(id, 1), e.stmt, e.function});
    } else if (e.kind == ExprKind::comp_for) {
      bind_target(module_.operand(id, 0), {Binding::Kind::element, module_.operand(id, 1), e.stmt, e.function});
    }
  }
}

void Scopes::finish() {
  const auto order = [](const Entry& entry) {
    const Binding::Kind kind = entry.binding.kind;
    const bool defines =
        kind == Binding::Kind::function || kind == Binding::Kind::class_ || kind == Binding::Kind::import;
    return std::pair(entry.key, !defines);
  };
  std::ranges::stable_sort(entries_, {}, order);
  bindings_.reserve(entries_.size());
  slots_.resize(std::bit_ceil(2 * entries_.size() + 1));
  for (std::size_t first = 0, end = 0; first < entries_.size(); first = end) {
    for (end = first; end < entries_.size() && entries_[end].key == entries_[first].key; ++end)
      bindings_.push_back(entries_[end].binding);
    std::size_t at = hash(entries_[first].key) & (slots_.size() - 1);
    while (slots_[at].key != kFree) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {entries_[first].key, {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(end - first)}};
  }
  entries_ = {};
}

}  // namespace pg::verify::py

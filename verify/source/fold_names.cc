#include <algorithm>
#include <utility>

#include "verify/source/fold_state.h"

namespace pg::verify::py {
namespace {

// Alternatives looked at before a name counts as unknown.
constexpr std::size_t kMaxAlternatives = 12, kMaxBindings = 200;

bool is_loop(StmtKind kind) {
  return kind == StmtKind::for_ || kind == StmtKind::while_;
}

}  // namespace

Folded Folder::State::evaluate_name(ExprId id) {
  Folded result;
  const auto bindings = calls_.bindings_of(id);
  if (bindings.empty()) {
    if (module_.name(id) == "__name__") result.value = make_text("__main__");
    return result;
  }
  return join(reaching(id, bindings));
}

std::vector<Binding> Folder::State::reaching(ExprId use, std::span<const Binding> bindings) const {
  std::vector<Binding> all(bindings.begin(), bindings.begin() + static_cast<std::ptrdiff_t>(
                                                                    std::min(bindings.size(), kMaxAlternatives + 1)));
  if (all.size() < 2 || all.size() > kMaxAlternatives) return all;
  // In straight-line code of one function a binding in an enclosing block hides those before it, and those behind the
  // use do not count. Seen from another function, the last one at the outer level of its scope hides those before it.
  const StmtId here = module_.expr(use).stmt;
  const bool is_local = module_.expr(use).function == all[0].scope;
  std::vector<BlockId> around;
  bool in_loop = false;
  for (BlockId block = is_local ? module_.stmt(here).block : kNone; block != kNone;) {
    around.push_back(block);
    const StmtId owner = module_.blocks[block].owner;
    if (owner == kNone || module_.blocks[block].role == Block::Role::function) break;
    in_loop = in_loop || is_loop(module_.stmt(owner).kind);
    block = module_.stmt(owner).block;
  }
  if (!is_local) around.push_back(module_.functions[all[0].scope].body);
  if (is_local && !in_loop) std::erase_if(all, [&](const Binding& b) { return b.stmt != kNone && b.stmt >= here; });
  const auto hides = [&](const Binding& b) {
    return b.stmt != kNone && b.kind != Binding::Kind::augmented && !in_loop &&
           std::ranges::find(around, module_.stmt(b.stmt).block) != around.end();
  };
  // Parameters come first: they have no statement.
  std::ranges::stable_sort(all, {}, [](const Binding& b) { return b.stmt == kNone ? 0 : b.stmt + 1ull; });
  for (std::size_t i = all.size(); i-- > 1;) {
    if (hides(all[i])) {
      all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  }
  return all;
}

Folded Folder::State::join(std::span<const Binding> alternatives) {
  Folded result;
  if (alternatives.empty() || alternatives.size() > kMaxAlternatives) return result;
  bool is_first = true;
  for (const Binding& binding : alternatives) {
    if (alternatives.size() > 1 && binding.stmt != kNone && in_dead_branch(binding.stmt)) continue;
    Folded value = evaluate_binding(binding);
    if (value.is_circular) continue;  // it is what the others are
    add_origins(result.origins, value.origins);
    if (is_first) {
      result.value = std::move(value.value);
      is_first = false;
    } else if (!(result.value == value.value)) {
      result.value = {};
    }
  }
  result.is_circular = is_first;
  return result;
}

Folded Folder::State::evaluate_binding(const Binding& binding) {
  const bool leaves_frame = frame_ != nullptr && binding.scope != frame_->function;
  const Frame* const frame = leaves_frame ? std::exchange(frame_, nullptr) : frame_;
  Folded result;
  if (binding.kind == Binding::Kind::value) {
    result = evaluate(binding.node);
    // A list may have grown since; a tuple cannot.
    if (result.value.kind == Value::Kind::sequence && !result.value.is_immutable) result.value = {};
  } else if (binding.kind == Binding::Kind::parameter) {
    result = evaluate_parameter(binding);
  }
  frame_ = frame;
  return result;
}

Folded Folder::State::evaluate_parameter(const Binding& binding) {
  const FunctionId function = binding.scope;
  const std::uint32_t index = binding.node - module_.functions[function].parameters.first;
  if (frame_ != nullptr && frame_->function == function) {
    return index < frame_->parameters.size() ? frame_->parameters[index] : Folded();
  }
  const auto calls = calls_.calls_of(function);
  if (calls_.escapes(function) || calls.empty() || calls.size() > kMaxAlternatives) return {};
  std::vector<Binding> passed;
  for (const ExprId call : calls) {
    const auto callees = calls_.callees(call);
    const auto callee = std::ranges::find(callees, function, &Callee::function);
    const ExprId argument = callee == callees.end() ? kNone : calls_.argument(call, *callee, index);
    if (argument == kNone) return {};
    passed.push_back({Binding::Kind::value, argument, module_.expr(call).stmt, module_.expr(argument).function});
  }
  return join(passed);
}

bool Folder::State::in_dead_branch(StmtId id) {
  for (int level = 0; level < 24; ++level) {
    const Block& block = module_.blocks[module_.stmt(id).block];
    if (block.owner == kNone || block.role == Block::Role::function) return false;
    id = block.owner;
    const Stmt& owner = module_.stmt(id);
    if (owner.kind != StmtKind::if_) continue;
    const Truth truth = evaluate(owner.value).value.truth();
    if (truth == (block.role == Block::Role::orelse ? Truth::yes : Truth::no)) return true;
  }
  return false;
}

Folded Folder::State::evaluate_attribute(ExprId id) {
  const Expr& e = module_.expr(id);
  Folded result;
  const ExprId object = module_.operand(id, 0);
  if (object == kNone) return result;
  const std::string_view name = module_.symbol(e.name);
  const Setting* const setting = settings_.find(name);
  const bool is_callee =
      e.parent != kNone && module_.expr(e.parent).kind == ExprKind::call && module_.operand(e.parent, 0) == id;
  if (setting != nullptr && setting->origins[0].kind == SettingOrigin::Kind::log && !is_callee) {
    result.origins = setting->origins;
    if (!setting->conflicting) result.value = value_of_text(setting->value);
    result.value.converted = true;
    return result;
  }
  const std::vector<ClassId> classes = classes_of(object);
  const std::uint64_t key =
      1ull << 63 | static_cast<std::uint64_t>(classes.empty() ? 0 : classes[0] + 1) << 32 | e.name;
  if (!active_.insert(key).second) return circular();
  const std::vector<Binding> alternatives = attribute_alternatives(id, classes);
  result = alternatives.empty() ? evaluate_option(e.name) : join(alternatives);
  active_.erase(key);
  return result;
}

std::vector<ClassId> Folder::State::classes_of(ExprId object) const {
  std::vector<ClassId> classes = calls_.classes_of(object);
  if (module_.expr(object).kind == ExprKind::name) {
    for (const Binding& binding : first_bindings(calls_.bindings_of(object))) {
      if (binding.kind == Binding::Kind::class_) classes.push_back(binding.node);
    }
  }
  return classes;
}

std::vector<Binding> Folder::State::attribute_alternatives(ExprId id, const std::vector<ClassId>& classes) const {
  const Expr& e = module_.expr(id);
  const ExprId object = module_.operand(id, 0);
  if (module_.expr(object).kind == ExprKind::name) {
    const auto bindings = calls_.bindings_of(object);
    if (!bindings.empty() && bindings[0].kind == Binding::Kind::import) return {};
  }
  // Of the object's class, or of one that it inherits from or that inherits from it.
  const auto is_ours = [&](ClassId cls) {
    return std::ranges::any_of(
        classes, [&](ClassId c) { return c == cls || calls_.inherits(c, cls) || calls_.inherits(cls, c); });
  };
  std::vector<Binding> alternatives;
  bool constructed = false;
  if (const auto found = constructed_with_.find(e.name); found != constructed_with_.end()) {
    for (const auto& [cls, value] : found->second) {
      if (!classes.empty() && !is_ours(cls)) continue;
      alternatives.push_back({Binding::Kind::value, value, module_.expr(value).stmt, module_.expr(value).function});
      constructed = true;
    }
  }
  const auto bindings = calls_.attribute_bindings(e.name);
  if (bindings.size() > kMaxBindings) return std::vector<Binding>(kMaxAlternatives + 1);
  for (const Binding& binding : bindings) {
    if (alternatives.size() > kMaxAlternatives) break;
    const Stmt& s = module_.stmt(binding.stmt);
    if (constructed && s.cls != kNone) continue;  // a default that the constructor's argument replaces
    if (!classes.empty()) {
      const ExprId stored_to = binding.target == kNone ? kNone : module_.operand(binding.target, 0);
      std::vector<ClassId> owners;
      if (stored_to != kNone) {
        owners = classes_of(stored_to);
      } else if (s.cls != kNone) {
        owners.push_back(s.cls);
      }
      if (!owners.empty() && std::ranges::none_of(owners, is_ours)) continue;
    }
    alternatives.push_back(binding);
  }
  return alternatives;
}

Folded Folder::State::evaluate_option(Symbol name) {
  Folded result;
  const auto found = options_.find(name);
  if (found == options_.end()) return result;
  const Option& option = found->second;
  if (const Setting* setting = settings_.find(module_.symbol(name)); setting != nullptr) {
    result.origins = setting->origins;
    if (!setting->conflicting) result.value = value_of_text(setting->value);
    if (option.store_false) result.value = make_boolean(false);
    return result;
  }
  if (option.default_value != kNone) return evaluate(option.default_value);
  if (option.store_true || option.store_false) {
    result.value = make_boolean(option.store_false);
  } else {
    result.value.kind = Value::Kind::none;
  }
  return result;
}

void Folder::State::collect_options() {
  for (FunctionId f = 0; f < module_.functions.size(); ++f) {
    for (const ExprId call : calls_.calls_in(f)) {
      const ExprId callee = module_.operand(call, 0);
      if (callee == kNone || module_.name(callee) != "add_argument") continue;
      Option option;
      std::string name;
      for (const ExprId argument : module_.operands(call).subspan(1)) {
        const Expr& a = module_.expr(argument);
        const std::string_view keyword = module_.name(argument);
        if (a.kind == ExprKind::string) {
          std::string text = module_.string_value(argument);
          const auto dashes = std::min(text.find_first_not_of('-'), text.size());
          if (name.empty() || dashes == 2) name = text.substr(dashes);
        } else if (a.kind == ExprKind::keyword && keyword == "default") {
          option.default_value = module_.operand(argument, 0);
        } else if (a.kind == ExprKind::keyword && keyword == "dest") {
          name = module_.string_value(module_.operand(argument, 0));
          break;
        } else if (a.kind == ExprKind::keyword && keyword == "action") {
          const std::string action = module_.string_value(module_.operand(argument, 0));
          option.store_true = action == "store_true";
          option.store_false = action == "store_false";
        }
      }
      std::ranges::replace(name, '-', '_');
      const Symbol symbol = module_.find_symbol(name);
      if (symbol != kNone) options_.insert_or_assign(symbol, option);
    }
  }
}

void Folder::State::collect_constructions() {
  for (ExprId id = 0; id < module_.exprs.size(); ++id) {
    const Expr& e = module_.expr(id);
    if (e.kind != ExprKind::keyword || e.parent == kNone || module_.expr(e.parent).kind != ExprKind::call) continue;
    const ExprId callee = module_.operand(e.parent, 0);
    if (callee == kNone || module_.expr(callee).kind != ExprKind::name) continue;
    for (const Binding& binding : first_bindings(calls_.bindings_of(callee))) {
      // A class with an __init__ takes its arguments there.
      if (binding.kind == Binding::Kind::class_ && calls_.callees(e.parent).empty()) {
        constructed_with_[e.name].emplace_back(binding.node, module_.operand(id, 0));
      }
    }
  }
}

}  // namespace pg::verify::py

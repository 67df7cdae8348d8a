#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "verify/source/fold_state.h"

namespace pg::verify::py {
namespace {

// Set by the launcher, so their defaults in the code say nothing about the run.
bool is_from_launcher(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "RANK",        "WORLD_SIZE",  "LOCAL_RANK", "LOCAL_WORLD_SIZE",
      "MASTER_ADDR", "MASTER_PORT", "GROUP_RANK", "SLURM_PROCID"};
  return std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace

Folded Folder::State::evaluate_call(ExprId id) {
  const auto operands = module_.operands(id);
  if (operands.empty()) return {};
  const ExprId callee = operands[0];
  const std::string name = calls_.qualified_name(callee);
  const ExprId first = module_.operand(id, 1);
  if (name == "os.environ.get" || name == "os.getenv" || name == "os.environ.setdefault" || name == "os.environ.pop") {
    ExprId fallback = module_.operand(id, 2);
    if (fallback != kNone && module_.expr(fallback).kind == ExprKind::keyword) fallback = module_.operand(fallback, 0);
    return evaluate_environment(first, fallback, module_.expr(id).line);
  }
  // dataclasses.field(default=...)
  if (name == "dataclasses.field") {
    for (const ExprId argument : operands.subspan(1)) {
      if (module_.name(argument) == "default") return evaluate(module_.operand(argument, 0));
    }
    return {};
  }
  if (const auto callees = calls_.callees(id); !callees.empty()) {
    return callees.size() == 1 && callees[0].certain ? run_function(id, callees[0]) : Folded();
  }
  if (operands.size() > 5) return {};
  const bool is_method = module_.expr(callee).kind == ExprKind::attribute;
  if (!is_method && name.find('.') != std::string::npos) return {};
  Folded result;
  std::vector<Value> values;
  for (const ExprId operand : operands.subspan(1)) {
    const ExprKind kind = module_.expr(operand).kind;
    if (kind == ExprKind::keyword || kind == ExprKind::starred || kind == ExprKind::double_starred) return {};
    Folded part = evaluate(operand);
    add_origins(result.origins, part.origins);
    values.push_back(std::move(part.value));
  }
  if (!is_method) {
    result.value = apply_builtin(name, values);
    return result;
  }
  const Folded object = evaluate(module_.operand(callee, 0));
  add_origins(result.origins, object.origins);
  result.value = apply_method(object.value, module_.name(callee), values);
  return result;
}

Folded Folder::State::evaluate_environment(ExprId name, ExprId fallback, std::uint32_t line) {
  Folded result;
  const Folded key = evaluate(name);
  if (key.value.kind != Value::Kind::text) return result;
  if (const Setting* setting = settings_.find(key.value.text); setting != nullptr) {
    result.origins = setting->origins;
    if (setting->conflicting) return result;
    result.value = make_text(setting->value);
    result.value.converted = setting->converted;
    return result;
  }
  if (is_from_launcher(key.value.text)) return result;
  SettingOrigin origin{SettingOrigin::Kind::code, "", line, key.value.text, ""};
  if (fallback == kNone) {
    result.value.kind = Value::Kind::none;
    origin.value = "(not set)";
  } else {
    result = evaluate(fallback);
    origin.value = std::string(module_.text(fallback).substr(0, 200));
  }
  add_origins(result.origins, {origin});
  return result;
}

Folded Folder::State::run_function(ExprId call, const Callee& callee) {
  const Function& function = module_.functions[callee.function];
  const auto parameters = module_.parameters(callee.function);
  if (frames_ >= 4 || callee.bound > 0 || parameters.size() > 8 || function.is_generator || function.is_async)
    return {};
  Frame frame{callee.function, {}};
  for (std::uint32_t i = 0; i < parameters.size(); ++i) {
    const ExprId argument = calls_.argument(call, callee, i);
    frame.parameters.push_back(evaluate(argument));
  }
  const Frame* const outside = std::exchange(frame_, &frame);
  ++frames_;
  Folded result;
  if (function.kind == Function::Kind::lambda) {
    result = evaluate(module_.operand(function.expr, 0));
  } else {
    result = run_block(function.body).value_or(Folded());
  }
  --frames_;
  frame_ = outside;
  return result;
}

// What the block returns; nothing where it goes on behind it. Known only for code that cannot do anything else.
std::optional<Folded> Folder::State::run_block(BlockId block) {
  for (const StmtId id : module_.statements(block)) {
    const Stmt& s = module_.stmt(id);
    if (++steps_ > kStepsPerQuestion) return Folded();
    switch (s.kind) {
      case StmtKind::return_:
        return evaluate(s.value);
      case StmtKind::expr:
      case StmtKind::assign:
      case StmtKind::pass:
      case StmtKind::assert_:
      case StmtKind::import:
      case StmtKind::import_from:
        break;
      case StmtKind::if_: {
        const Truth truth = evaluate(s.value).value.truth();
        if (truth == Truth::unknown) return Folded();
        const BlockId taken = truth == Truth::yes ? s.body : s.orelse;
        if (taken == kNone) break;
        if (auto result = run_block(taken)) return result;
        break;
      }
      default:
        return Folded();
    }
  }
  return std::nullopt;
}

}  // namespace pg::verify::py

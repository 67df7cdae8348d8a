#include "verify/source/fold.h"

#include <algorithm>
#include <utility>

#include "verify/source/fold_state.h"

namespace pg::verify::py {

void add_origins(std::vector<SettingOrigin>& into, const std::vector<SettingOrigin>& from) {
  for (const SettingOrigin& origin : from) {
    const auto same = [&](const SettingOrigin& o) {
      return o.kind == origin.kind && o.name == origin.name && o.line == origin.line && o.file == origin.file;
    };
    if (into.size() < 8 && std::ranges::none_of(into, same)) into.push_back(origin);
  }
}

Folder::State::State(const Module& module, const CallGraph& calls, const Settings& settings)
    : module_(module),
      calls_(calls),
      settings_(settings),
      known_at_(module.exprs.size(), kNone),
      evaluating_(module.exprs.size(), false) {
  collect_options();
  collect_constructions();
}

const Folded& Folder::State::fold(ExprId id) {
  static const Folded kUnknown;
  if (id == kNone) return kUnknown;
  if (const Folded* const found = find_known(id)) return *found;
  steps_ = 0;
  saw_cycle_ = false;
  Folded result = evaluate(id);
  return remember(id, std::move(result));
}

// What was known before stays.
const Folded& Folder::State::remember(ExprId id, Folded result) {
  if (known_at_[id] == kNone) {
    known_at_[id] = static_cast<std::uint32_t>(known_.size());
    known_.push_back(std::move(result));
  }
  return known_[known_at_[id]];
}

Folded Folder::State::circular() {
  saw_cycle_ = true;
  Folded result;
  result.is_circular = true;
  return result;
}

Folded Folder::State::evaluate(ExprId id) {
  if (id == kNone) return {};
  if (frame_ == nullptr) {
    if (const Folded* const found = find_known(id)) return *found;
  }
  if (depth_ > kMaxFoldDepth || ++steps_ > kStepsPerQuestion || ++steps_in_all_ > kStepsInAll) return {};
  if (evaluating_[id]) return circular();
  evaluating_[id] = true;
  ++depth_;
  Folded result = evaluate_kind(id);
  --depth_;
  evaluating_[id] = false;
  if (!saw_cycle_ && frame_ == nullptr) remember(id, result);
  return result;
}

Folded Folder::State::evaluate_kind(ExprId id) {
  const Expr& e = module_.expr(id);
  Folded result;
  switch (e.kind) {
    case ExprKind::true_:
    case ExprKind::false_:
      result.value = make_boolean(e.kind == ExprKind::true_);
      break;
    case ExprKind::none:
      result.value.kind = Value::Kind::none;
      break;
    case ExprKind::integer:
      if (const auto value = integer_of(module_.text(id))) result.value = make_integer(*value);
      break;
    case ExprKind::real:
      if (const auto value = real_of(module_.text(id))) result.value = make_real(*value);
      break;
    case ExprKind::string:
      if (e.end - e.begin <= kMaxTextBytes && !e.is_bytes) result.value = make_text(module_.string_value(id));
      break;
    case ExprKind::fstring:
      return evaluate_fstring(id);
    case ExprKind::name:
      return evaluate_name(id);
    case ExprKind::attribute:
      return evaluate_attribute(id);
    case ExprKind::call:
      return evaluate_call(id);
    case ExprKind::boolean:
      return evaluate_boolean(id);
    case ExprKind::named:
      return evaluate(module_.operand(id, 1));
    case ExprKind::subscript:
      // os.environ["X"]
      if (e.operands.count == 2 && calls_.qualified_name(module_.operand(id, 0)) == "os.environ") {
        return evaluate_environment(module_.operand(id, 1), kNone, e.line);
      }
      break;
    case ExprKind::conditional: {
      const Folded condition = evaluate(module_.operand(id, 0));
      const Truth truth = condition.value.truth();
      if (truth != Truth::unknown) {
        result = evaluate(module_.operand(id, truth == Truth::yes ? 1 : 2));
      } else {
        const Folded then = evaluate(module_.operand(id, 1)), otherwise = evaluate(module_.operand(id, 2));
        if (then.value == otherwise.value) result = then;
      }
      add_origins(result.origins, condition.origins);
      break;
    }
    case ExprKind::unary:
    case ExprKind::binary:
    case ExprKind::compare:
    case ExprKind::tuple:
    case ExprKind::list:
    case ExprKind::set:
      return evaluate_operands(id);
    default:
      break;
  }
  return result;
}

Folded Folder::State::evaluate_operands(ExprId id) {
  const Expr& e = module_.expr(id);
  Folded result;
  std::vector<Value> values;
  if (e.operands.count > kMaxItems) return result;
  for (const ExprId operand : module_.operands(id)) {
    Folded part = evaluate(operand);
    add_origins(result.origins, part.origins);
    values.push_back(std::move(part.value));
  }
  if (e.kind == ExprKind::unary && values.size() == 1) {
    result.value = apply_unary(e.op, values[0]);
  } else if (e.kind == ExprKind::binary && values.size() == 2) {
    result.value = apply_binary(e.op, values[0], values[1]);
  } else if (e.kind == ExprKind::compare && values.size() == 2) {
    result.value = make_truth(compare(e.op, values[0], values[1]));
  } else if (e.kind >= ExprKind::tuple && e.kind <= ExprKind::set) {
    const auto is_star = [this](ExprId o) { return module_.expr(o).kind == ExprKind::starred; };
    if (std::ranges::none_of(module_.operands(id), is_star)) {
      result.value.kind = Value::Kind::sequence;
      result.value.is_immutable = e.kind == ExprKind::tuple;
      result.value.items = std::move(values);
    }
  }
  return result;
}

Folded Folder::State::evaluate_boolean(ExprId id) {
  const Expr& e = module_.expr(id);
  const Truth decides = e.op == Op::and_ ? Truth::no : Truth::yes;
  Folded left = evaluate(module_.operand(id, 0));
  if (left.value.truth() == decides) return left;
  Folded right = evaluate(module_.operand(id, 1));
  if (left.value.known()) {
    add_origins(right.origins, left.origins);
    return right;
  }
  // The left is unknown; the right may still decide the truth, though not the value.
  if (right.value.truth() == decides) {
    right.value = make_boolean(decides == Truth::yes);
    return right;
  }
  add_origins(left.origins, right.origins);
  left.value = {};
  return left;
}

Folded Folder::State::evaluate_fstring(ExprId id) {
  Folded result;
  std::string text;
  for (const ExprId part : module_.operands(id)) {
    const bool is_text = module_.expr(part).kind == ExprKind::string;
    if (!is_text && module_.operands(part).size() != 1) return {};  // a format
    const Folded piece = evaluate(is_text ? part : module_.operand(part, 0));
    if (!piece.value.known() || piece.value.kind == Value::Kind::sequence) return {};
    text += printed(piece.value);
    if (text.size() > kMaxTextBytes) return {};
    add_origins(result.origins, piece.origins);
  }
  result.value = make_text(std::move(text));
  return result;
}

Truth Folder::State::truth(ExprId id) {
  if (id == kNone) return Truth::unknown;
  return fold(id).value.truth();
}

Folder::Folder(const Module& module, const CallGraph& calls, const Settings& settings)
    : state_(std::make_unique<State>(module, calls, settings)) {}
Folder::~Folder() = default;
Folder::Folder(Folder&&) noexcept = default;
Folder& Folder::operator=(Folder&&) noexcept = default;

const Folded& Folder::fold(ExprId expression) const {
  return state_->fold(expression);
}
Truth Folder::truth(ExprId condition) const {
  return state_->truth(condition);
}
std::vector<SettingOrigin> Folder::reasons(ExprId condition) const {
  return state_->fold(condition).origins;
}

}  // namespace pg::verify::py

#include <cstring>
#include <string_view>
#include <utility>

#include "verify/source/lower.h"

namespace pg::verify::py {
namespace {

Op op_of(std::string_view token) {
  struct Entry {
    std::string_view token;
    Op op;
  };
  static constexpr Entry kOps[] = {
      {"+", Op::add},     {"-", Op::sub},         {"*", Op::mul},       {"/", Op::div},     {"==", Op::eq},
      {"and", Op::and_},  {"or", Op::or_},        {"not", Op::not_},    {"<", Op::lt},      {">", Op::gt},
      {"<=", Op::le},     {">=", Op::ge},         {"!=", Op::ne},       {"is", Op::is},     {"is not", Op::is_not},
      {"in", Op::in},     {"not in", Op::not_in}, {"//", Op::floordiv}, {"%", Op::mod},     {"**", Op::pow},
      {"@", Op::matmul},  {"<<", Op::lshift},     {">>", Op::rshift},   {"&", Op::bit_and}, {"|", Op::bit_or},
      {"^", Op::bit_xor}, {"~", Op::invert},      {"<>", Op::ne},
  };
  if (token.size() > 1 && token.back() == '=' && token != "==" && token != "<=" && token != ">=" && token != "!=") {
    token.remove_suffix(1);  // augmented assignment
  }
  for (const Entry& entry : kOps) {
    if (entry.token == token) return entry.op;
  }
  return Op::none;
}

}  // namespace

Lowerer::Place Lowerer::place() const {
  const TSNode here = node();
  return {ts_node_start_byte(here), ts_node_end_byte(here), ts_node_start_point(here).row + 1};
}

Range Lowerer::take(std::size_t mark) {
  const Range range{static_cast<std::uint32_t>(module_.lists.size()), static_cast<std::uint32_t>(stack_.size() - mark)};
  module_.lists.insert(module_.lists.end(), stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
  stack_.resize(mark);
  return range;
}

ExprId Lowerer::add_expr(ExprKind kind, const Place& place, std::size_t mark) {
  const auto id = static_cast<ExprId>(module_.exprs.size());
  Expr& expr = module_.exprs.emplace_back();
  expr.kind = kind;
  expr.operands = take(mark);
  expr.begin = place.begin, expr.end = place.end, expr.line = place.line;
  expr.stmt = stmt_;
  expr.function = function_;
  for (const ExprId operand : module_.list(expr.operands)) {
    if (operand != kNone) module_.exprs[operand].parent = id;
  }
  return id;
}

ExprId Lowerer::add_leaf(ExprKind kind, const Place& place) {
  return add_expr(kind, place, mark());
}

Symbol Lowerer::symbol_here() {
  const TSNode here = node();
  const std::uint32_t begin = ts_node_start_byte(here);
  const std::string_view text = module_.source.substr(begin, ts_node_end_byte(here) - begin);
  const auto [found, is_new] = module_.symbol_ids.try_emplace(text, static_cast<Symbol>(module_.symbols.size()));
  if (is_new) module_.symbols.push_back(text);
  return found->second;
}

ExprId Lowerer::add_name(const Place& place) {
  const ExprId id = add_leaf(ExprKind::name, place);
  module_.exprs[id].name = symbol_here();
  return id;
}

ExprId Lowerer::lower_expr() {
  // Parentheses leave no trace; they are walked without recursion.
  int parentheses = 0;
  NodeType here = type();
  while (here == NodeType::parenthesized_expression) {
    if (!ts_tree_cursor_goto_first_child(&cursor_)) break;
    ++parentheses;
    do {
      here = type();
      if (here > NodeType::token && here != NodeType::comment && here != NodeType::line_continuation &&
          here != NodeType::ERROR) {
        break;
      }
    } while (ts_tree_cursor_goto_next_sibling(&cursor_));
  }
  ExprId id;
  if (expr_depth_ >= kMaxDepth) {
    ++module_.truncated;
    id = add_leaf(ExprKind::opaque, place());
  } else {
    ++expr_depth_;
    id = lower_expr_of_kind(here);
    --expr_depth_;
  }
  while (parentheses-- > 0) ts_tree_cursor_goto_parent(&cursor_);
  return id;
}

ExprId Lowerer::lower_expr_of_kind(NodeType here) {
  switch (here) {
    case NodeType::identifier:
      return add_name(place());
    case NodeType::attribute:
      return lower_attribute();
    case NodeType::call:
      return lower_call();
    case NodeType::keyword_argument:
      return lower_keyword();
    case NodeType::subscript:
      return lower_subscript();
    case NodeType::slice:
      return lower_slice();
    case NodeType::binary_operator:
      return lower_operation(ExprKind::binary);
    case NodeType::unary_operator:
    case NodeType::not_operator:
      return lower_operation(ExprKind::unary);
    case NodeType::boolean_operator:
      return lower_operation(ExprKind::boolean);
    case NodeType::comparison_operator:
      return lower_comparison();
    case NodeType::conditional_expression:
      return lower_conditional();
    case NodeType::integer:
      return lower_number(true);
    case NodeType::float_:
      return lower_number(false);
    case NodeType::string:
      return lower_string();
    case NodeType::concatenated_string:
      return lower_concatenated_string();
    case NodeType::interpolation:
    case NodeType::format_expression:
      return lower_interpolation();
    case NodeType::true_:
      return add_leaf(ExprKind::true_, place());
    case NodeType::false_:
      return add_leaf(ExprKind::false_, place());
    case NodeType::none_:
      return add_leaf(ExprKind::none, place());
    case NodeType::ellipsis:
      return add_leaf(ExprKind::ellipsis, place());
    case NodeType::tuple:
    case NodeType::tuple_pattern:
    case NodeType::pattern_list:
    case NodeType::expression_list:
      return lower_all(ExprKind::tuple);
    case NodeType::list:
    case NodeType::list_pattern:
      return lower_all(ExprKind::list);
    case NodeType::set:
      return lower_all(ExprKind::set);
    case NodeType::dictionary:
      return lower_all(ExprKind::dict);
    case NodeType::pair:
      return lower_all(ExprKind::pair);
    case NodeType::list_splat:
    case NodeType::list_splat_pattern:
    case NodeType::parenthesized_list_splat:
      return lower_all(ExprKind::starred);
    case NodeType::dictionary_splat:
    case NodeType::dictionary_splat_pattern:
      return lower_all(ExprKind::double_starred);
    case NodeType::list_comprehension:
      return lower_all(ExprKind::list_comp);
    case NodeType::set_comprehension:
      return lower_all(ExprKind::set_comp);
    case NodeType::dictionary_comprehension:
      return lower_all(ExprKind::dict_comp);
    case NodeType::generator_expression:
      return lower_all(ExprKind::generator);
    case NodeType::for_in_clause:
      return lower_all(ExprKind::comp_for);
    case NodeType::if_clause:
      return lower_all(ExprKind::comp_if);
    case NodeType::lambda:
      return lower_lambda();
    case NodeType::named_expression:
      return lower_all(ExprKind::named);
    case NodeType::await:
      return lower_all(ExprKind::await);
    case NodeType::yield:
      return lower_yield();
    case NodeType::type:
      return lower_all(ExprKind::type_hint);
    case NodeType::dotted_name:
      return lower_dotted_name();
    default:
      return lower_all(ExprKind::opaque);
  }
}

void Lowerer::push_operands() {
  each_child([this](NodeType child, TSFieldId) {
    if (child != NodeType::token && child != NodeType::ERROR) push(lower_expr());
  });
}

void Lowerer::push_operands(TSFieldId wanted) {
  each_child([this, wanted](NodeType child, TSFieldId field) {
    if (field == wanted && child != NodeType::token && child != NodeType::ERROR) push(lower_expr());
  });
}

ExprId Lowerer::lower_all(ExprKind kind) {
  const Place here = place();
  const std::size_t start = mark();
  push_operands();
  return add_expr(kind, here, start);
}

ExprId Lowerer::lower_attribute() {
  const Place here = place();
  const std::size_t start = mark();
  Symbol name = 0;
  each_child([&](NodeType child, TSFieldId field) {
    if (field == grammar_.object && child != NodeType::token) push(lower_expr());
    if (field == grammar_.attribute) name = symbol_here();
  });
  const ExprId id = add_expr(ExprKind::attribute, here, start);
  module_.exprs[id].name = name;
  return id;
}

ExprId Lowerer::lower_call() {
  const Place here = place();
  const std::size_t start = mark();
  each_child([&](NodeType child, TSFieldId field) {
    if (field == grammar_.function && child != NodeType::token) {
      push(lower_expr());
    } else if (child == NodeType::argument_list) {
      push_operands();
    } else if (field == grammar_.arguments) {
      push(lower_expr());
    }
  });
  return add_expr(ExprKind::call, here, start);
}

ExprId Lowerer::lower_keyword() {
  const Place here = place();
  const std::size_t start = mark();
  Symbol name = 0;
  each_child([&](NodeType child, TSFieldId field) {
    if (field == grammar_.name) name = symbol_here();
    if (field == grammar_.value && child != NodeType::token) push(lower_expr());
  });
  const ExprId id = add_expr(ExprKind::keyword, here, start);
  module_.exprs[id].name = name;
  return id;
}

ExprId Lowerer::lower_subscript() {
  const Place here = place();
  const std::size_t start = mark();
  each_child([&](NodeType child, TSFieldId field) {
    if ((field == grammar_.value || field == grammar_.subscript) && child != NodeType::token) push(lower_expr());
  });
  return add_expr(ExprKind::subscript, here, start);
}

ExprId Lowerer::lower_slice() {
  const Place here = place();
  ExprId parts[3] = {kNone, kNone, kNone};
  std::size_t position = 0;
  each_child([&](NodeType child, TSFieldId) {
    if (child == NodeType::token) {
      if (*token() == ':') ++position;
    } else if (child != NodeType::ERROR && position < 3) {
      parts[position] = lower_expr();
    }
  });
  const std::size_t start = mark();
  for (const ExprId part : parts) push(part);
  return add_expr(ExprKind::slice, here, start);
}

ExprId Lowerer::lower_operation(ExprKind kind) {
  const Place here = place();
  const std::size_t start = mark();
  Op op = Op::none;
  each_child([&](NodeType child, TSFieldId) {
    if (child == NodeType::token) {
      op = op_of(token());
    } else if (child != NodeType::ERROR) {
      push(lower_expr());
    }
  });
  if (kind == ExprKind::unary) op = op == Op::sub ? Op::neg : op == Op::add ? Op::pos : op;
  const ExprId id = add_expr(kind, here, start);
  module_.exprs[id].op = op;
  return id;
}

ExprId Lowerer::lower_comparison() {
  const Place here = place();
  ExprId left = kNone, result = kNone;
  Op op = Op::none;
  int pairs = 0;
  each_child([&](NodeType child, TSFieldId) {
    if (child == NodeType::token) {
      op = op_of(token());
      return;
    }
    if (child == NodeType::ERROR || pairs > kMaxDepth) return;
    if (pairs == kMaxDepth) ++module_.truncated;  // a chain nests as deep as it is long
    const ExprId right = lower_expr();
    if (left != kNone && op != Op::none && pairs++ < kMaxDepth) {
      std::size_t start = mark();
      push(left), push(right);
      const Expr& first = module_.exprs[left];
      const ExprId pair = add_expr(ExprKind::compare, {first.begin, module_.exprs[right].end, first.line}, start);
      module_.exprs[pair].op = op;
      if (result == kNone) {
        result = pair;
      } else {
        start = mark();
        push(result), push(pair);
        result = add_expr(ExprKind::boolean, here, start);
        module_.exprs[result].op = Op::and_;
        module_.exprs[result].is_comparison = true;
      }
    }
    left = right;
  });
  if (result != kNone) return result;
  return left != kNone ? left : add_leaf(ExprKind::opaque, here);
}

ExprId Lowerer::lower_conditional() {
  const Place here = place();
  const std::size_t start = mark();
  push_operands();
  // In the source: then, condition, otherwise.
  if (stack_.size() == start + 3) std::swap(stack_[start], stack_[start + 1]);
  return add_expr(stack_.size() == start + 3 ? ExprKind::conditional : ExprKind::opaque, here, start);
}

ExprId Lowerer::lower_lambda() {
  const Place here = place();
  const auto function = static_cast<FunctionId>(module_.functions.size());
  Function& lambda = module_.functions.emplace_back();
  lambda.kind = Function::Kind::lambda;
  lambda.parent = function_;
  lambda.stmt = stmt_;
  lambda.begin = here.begin, lambda.end = here.end, lambda.line = here.line;
  const std::size_t start = mark();
  push(kNone);  // the body
  each_child([&](NodeType child, TSFieldId field) {
    if (child == NodeType::lambda_parameters) {
      lower_parameters(function, true);
    } else if (field == grammar_.body && child != NodeType::token) {
      const FunctionId outside = std::exchange(function_, function);
      stack_[start] = lower_expr();
      function_ = outside;
    }
  });
  if (stack_[start] == kNone) stack_[start] = add_leaf(ExprKind::opaque, {here.end, here.end, here.line});
  const ExprId id = add_expr(ExprKind::lambda, here, start);
  module_.exprs[id].aux = function;
  module_.functions[function].expr = id;
  return id;
}

ExprId Lowerer::lower_yield() {
  const Place here = place();
  const std::size_t start = mark();
  bool from = false;
  each_child([&](NodeType child, TSFieldId) {
    if (child == NodeType::token) {
      from = from || std::strcmp(token(), "from") == 0;
    } else if (child != NodeType::ERROR) {
      push(lower_expr());
    }
  });
  module_.functions[function_].is_generator = true;
  return add_expr(from ? ExprKind::yield_from : ExprKind::yield, here, start);
}

ExprId Lowerer::lower_dotted_name() {
  ExprId result = kNone;
  each_child([&](NodeType child, TSFieldId) {
    if (child != NodeType::identifier) return;
    const Place here = place();
    if (result == kNone) {
      result = add_name(here);
      return;
    }
    const std::size_t start = mark();
    push(result);
    const Expr& object = module_.exprs[result];
    result = add_expr(ExprKind::attribute, {object.begin, here.end, object.line}, start);
    module_.exprs[result].name = symbol_here();
  });
  return result != kNone ? result : add_leaf(ExprKind::opaque, place());
}

ExprId Lowerer::lower_number(bool is_integer) {
  const Place here = place();
  const char last = here.end > here.begin ? module_.source[here.end - 1] : '0';
  const bool hex = here.end - here.begin > 1 && (module_.source[here.begin + 1] | 0x20) == 'x';
  return add_leaf(is_integer && (hex || (last | 0x20) != 'j') ? ExprKind::integer : ExprKind::real, here);
}

}  // namespace pg::verify::py

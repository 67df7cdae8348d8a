#include <utility>

#include "verify/source/lower.h"

namespace pg::verify::py {

Lowerer::Lowerer(Module& module, TSNode root)
    : module_(module), grammar_(Grammar::get()), cursor_(ts_tree_cursor_new(root)) {}

Lowerer::~Lowerer() {
  ts_tree_cursor_delete(&cursor_);
}

void Lowerer::run() {
  Function& function = module_.functions.emplace_back();
  function.kind = Function::Kind::module;
  function.end = static_cast<std::uint32_t>(module_.source.size());
  function.line = 1;
  module_.functions[0].body = lower_block(Block::Role::module, kNone);
}

StmtId Lowerer::begin_stmt(StmtKind kind) {
  const auto id = static_cast<StmtId>(module_.stmts.size());
  const Place here = place();
  Stmt& stmt = module_.stmts.emplace_back();
  stmt.kind = kind;
  stmt.block = block_;
  stmt.function = function_;
  stmt.cls = class_;
  stmt.first_expr = static_cast<ExprId>(module_.exprs.size());
  stmt.end_expr = kNone;
  stmt.begin = here.begin, stmt.end = here.end, stmt.line = here.line;
  push(id);  // into the block's list
  stmt_ = id;
  return id;
}

void Lowerer::end_stmt(StmtId id) {
  Stmt& stmt = module_.stmts[id];
  if (stmt.end_expr == kNone) stmt.end_expr = static_cast<ExprId>(module_.exprs.size());
}

BlockId Lowerer::begin_block(Block::Role role, StmtId owner) {
  if (owner != kNone) end_stmt(owner);  // its own expressions end where its first block begins
  const auto id = static_cast<BlockId>(module_.blocks.size());
  Block& block = module_.blocks.emplace_back();
  block.role = role;
  block.owner = owner;
  block.function = function_;
  block_ = id;
  ++block_depth_;
  return id;
}

void Lowerer::end_block(BlockId id, std::size_t mark) {
  --block_depth_;
  Block& block = module_.blocks[id];
  for (std::size_t i = mark; i < stack_.size(); ++i) {
    module_.stmts[stack_[i]].index = static_cast<std::uint32_t>(i - mark);
  }
  block.statements = take(mark);
  stmt_ = block.owner;
  block_ = block.owner == kNone ? kNone : module_.stmts[block.owner].block;
}

BlockId Lowerer::lower_block(Block::Role role, StmtId owner) {
  const BlockId outside = block_;
  const StmtId stmt = stmt_;
  const BlockId id = begin_block(role, owner);
  const std::size_t start = mark();
  if (block_depth_ > kMaxDepth) {
    ++module_.truncated;
  } else {
    lower_pieces();
  }
  end_block(id, start);
  block_ = outside;
  stmt_ = stmt;
  return id;
}

void Lowerer::lower_pieces() {
  each_child([this](NodeType, TSFieldId) { lower_statement(); });
}

void Lowerer::lower_statement() {
  const StmtId outside = stmt_;
  lower_statement_of_type(type());
  stmt_ = outside;
}

void Lowerer::lower_statement_of_type(NodeType here) {
  switch (here) {
    case NodeType::expression_statement:
      return lower_expression_statement();
    case NodeType::if_statement:
      return lower_if();
    case NodeType::while_statement:
      return lower_loop(StmtKind::while_);
    case NodeType::for_statement:
      return lower_loop(StmtKind::for_);
    case NodeType::with_statement:
      return lower_with();
    case NodeType::try_statement:
      return lower_try();
    case NodeType::match_statement:
      return lower_match();
    case NodeType::decorated_definition:
      return lower_decorated();
    case NodeType::function_definition:
      return lower_function(begin_stmt(StmtKind::def), {});
    case NodeType::class_definition:
      return lower_class(begin_stmt(StmtKind::class_), {});
    case NodeType::return_statement:
      return lower_operands_statement(StmtKind::return_);
    case NodeType::delete_statement:
      return lower_operands_statement(StmtKind::del);
    case NodeType::raise_statement:
      return lower_operands_statement(StmtKind::raise);
    case NodeType::assert_statement:
      return lower_operands_statement(StmtKind::assert_);
    case NodeType::global_statement:
      return lower_operands_statement(StmtKind::global);
    case NodeType::nonlocal_statement:
      return lower_operands_statement(StmtKind::nonlocal);
    case NodeType::pass_statement:
      return lower_operands_statement(StmtKind::pass);
    case NodeType::break_statement:
      return lower_operands_statement(StmtKind::break_);
    case NodeType::continue_statement:
      return lower_operands_statement(StmtKind::continue_);
    case NodeType::print_statement:
    case NodeType::exec_statement:
    case NodeType::type_alias_statement:
      return lower_operands_statement(StmtKind::other);
    case NodeType::import_statement:
      return lower_import(StmtKind::import);
    case NodeType::import_from_statement:
    case NodeType::future_import_statement:
      return lower_import(StmtKind::import_from);
    case NodeType::token:
    case NodeType::other:
      return;
    case NodeType::ERROR:
    case NodeType::block:
    case NodeType::elif_clause:
    case NodeType::else_clause:
    case NodeType::except_clause:
    case NodeType::finally_clause:
      // Pieces that the parser could not put together: what is whole in them counts as a statement of this block.
      if (block_depth_ >= kMaxDepth) {
        ++module_.truncated;
        return;
      }
      ++block_depth_;
      lower_pieces();
      --block_depth_;
      return;
    default: {
      const StmtId id = begin_stmt(StmtKind::other);
      const ExprId value = lower_expr();
      module_.stmts[id].value = value;
      end_stmt(id);
    }
  }
}

void Lowerer::lower_expression_statement() {
  const StmtId id = begin_stmt(StmtKind::expr);
  const Place here = place();
  const std::size_t start = mark();
  bool is_tuple = false;
  each_child([&](NodeType child, TSFieldId) {
    if (child == NodeType::assignment) {
      lower_assignment(id);
    } else if (child == NodeType::augmented_assignment) {
      lower_augmented_assignment(id);
    } else if (child == NodeType::token) {
      is_tuple = is_tuple || *token() == ',';
    } else if (child != NodeType::ERROR) {
      push(lower_expr());
    }
  });
  if (module_.stmts[id].kind == StmtKind::expr) {
    ExprId value = kNone;
    if (is_tuple || mark() > start + 1) {
      value = add_expr(ExprKind::tuple, here, start);
    } else if (mark() > start) {
      value = stack_.back();
    }
    module_.stmts[id].value = value;
  }
  stack_.resize(start);
  end_stmt(id);
}

void Lowerer::lower_assignment(StmtId id) {
  const std::size_t start = mark();
  ExprId value = kNone, annotation = kNone;
  int chain = 0;
  // a = b = v nests to the right; it is walked without recursion.
  for (bool nested = true; nested; ++chain) {
    nested = false;
    if (!ts_tree_cursor_goto_first_child(&cursor_)) break;
    do {
      const NodeType child = type();
      const TSFieldId field = ts_tree_cursor_current_field_id(&cursor_);
      if (child == NodeType::token || child == NodeType::comment || child == NodeType::ERROR) continue;
      if (field == grammar_.left) {
        push(lower_expr());
      } else if (field == grammar_.type_) {
        annotation = lower_expr();
      } else if (field == grammar_.right) {
        nested = child == NodeType::assignment;
        if (nested) break;
        value = lower_expr();
      }
    } while (ts_tree_cursor_goto_next_sibling(&cursor_));
  }
  while (chain-- > 0) ts_tree_cursor_goto_parent(&cursor_);
  Stmt& stmt = module_.stmts[id];
  stmt.kind = StmtKind::assign;
  stmt.targets = take(start);
  stmt.value = value;
  stmt.extra = annotation;
}

void Lowerer::lower_augmented_assignment(StmtId id) {
  const ExprId operation = lower_operation(ExprKind::binary);
  // Only target and value are kept: the node made for reading them is the last one.
  const Expr made = module_.exprs[operation];
  const ExprId target = module_.operand(operation, 0), value = module_.operand(operation, 1);
  module_.exprs.pop_back();
  for (const ExprId part : {target, value}) {
    if (part != kNone) module_.exprs[part].parent = kNone;
  }
  const std::size_t start = mark();
  if (target != kNone) push(target);
  Stmt& stmt = module_.stmts[id];
  stmt.kind = StmtKind::aug_assign;
  stmt.op = made.op;
  stmt.targets = take(start);
  stmt.value = value;
}

void Lowerer::lower_if() {
  struct Open {
    BlockId block;
    std::size_t mark;
    StmtId stmt;
  };
  std::vector<Open> open;  // the orelse blocks of an elif chain
  const BlockId outside = block_;
  StmtId current = begin_stmt(StmtKind::if_);
  const StmtId first = current;
  const auto clause = [&](NodeType child, TSFieldId field) {
    if (field == grammar_.condition && child != NodeType::token) {
      const ExprId value = lower_expr();
      module_.stmts[current].value = value;
    } else if (field == grammar_.consequence) {
      const BlockId body = lower_block(Block::Role::body, current);
      module_.stmts[current].body = body;
    }
  };
  bool cut = false;
  each_child([&](NodeType child, TSFieldId field) {
    if (child == NodeType::elif_clause && !cut) {
      if (block_depth_ >= kMaxDepth) {
        ++module_.truncated;
        cut = true;
        return;
      }
      const BlockId orelse = begin_block(Block::Role::orelse, current);
      module_.stmts[current].orelse = orelse;
      open.push_back({orelse, mark(), current});
      current = begin_stmt(StmtKind::if_);
      module_.stmts[current].end = module_.stmts[first].end;
      each_child(clause);
    } else if (child == NodeType::else_clause && !cut) {
      each_child([&](NodeType part, TSFieldId) {
        if (part != NodeType::block) return;
        const BlockId orelse = lower_block(Block::Role::orelse, current);
        module_.stmts[current].orelse = orelse;
      });
    } else {
      clause(child, field);
    }
  });
  end_stmt(current);
  for (; !open.empty(); open.pop_back()) end_block(open.back().block, open.back().mark);
  block_ = outside;
}

void Lowerer::lower_loop(StmtKind kind) {
  const StmtId id = begin_stmt(kind);
  each_child([&](NodeType child, TSFieldId field) {
    if (child == NodeType::token) {
      if (*token() == 'a') module_.stmts[id].is_async = true;
    } else if (field == grammar_.left) {
      const std::size_t start = mark();
      push(lower_expr());
      module_.stmts[id].targets = take(start);
    } else if (field == grammar_.right || field == grammar_.condition) {
      const ExprId value = lower_expr();
      module_.stmts[id].value = value;
    } else if (field == grammar_.body) {
      const BlockId body = lower_block(Block::Role::body, id);
      module_.stmts[id].body = body;
    } else if (child == NodeType::else_clause) {
      each_child([&](NodeType part, TSFieldId) {
        if (part != NodeType::block) return;
        const BlockId orelse = lower_block(Block::Role::orelse, id);
        module_.stmts[id].orelse = orelse;
      });
    }
  });
  end_stmt(id);
}

void Lowerer::lower_with() {
  const StmtId id = begin_stmt(StmtKind::with);
  each_child([&](NodeType child, TSFieldId) {
    if (child == NodeType::token) {
      if (*token() == 'a') module_.stmts[id].is_async = true;
    } else if (child == NodeType::with_clause) {
      const std::size_t start = mark();
      each_child([this](NodeType item, TSFieldId) {
        if (item == NodeType::with_item) lower_with_item();
      });
      module_.stmts[id].targets = take(start);
    } else if (child == NodeType::block) {
      const BlockId body = lower_block(Block::Role::body, id);
      module_.stmts[id].body = body;
    }
  });
  end_stmt(id);
}

void Lowerer::lower_with_item() {
  const Place here = place();
  const std::size_t start = mark();
  each_child([this](NodeType child, TSFieldId) {
    if (child == NodeType::as_pattern) {
      each_child([this](NodeType part, TSFieldId) {
        if (part == NodeType::as_pattern_target) {
          push_operands();
        } else if (part != NodeType::token && part != NodeType::ERROR) {
          push(lower_expr());
        }
      });
    } else if (child != NodeType::token && child != NodeType::ERROR) {
      push(lower_expr());
    }
  });
  push(add_expr(ExprKind::with_item, here, start));
}

}  // namespace pg::verify::py

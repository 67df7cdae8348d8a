#pragma once

#include <tree_sitter/api.h>

#include <cstdint>
#include <vector>

#include "verify/source/ir.h"
#include "verify/source/node_types.h"

namespace pg::verify::py {

// Turns a syntax tree into a Module, in one walk. Recursion follows the nesting of the source and ends at kMaxDepth;
// parentheses, elif chains and a = b = c cost none.
class Lowerer {
 public:
  Lowerer(Module& module, TSNode root);
  ~Lowerer();
  Lowerer(const Lowerer&) = delete;
  Lowerer& operator=(const Lowerer&) = delete;
  void run();

 private:
  struct Place {
    std::uint32_t begin, end, line;
  };

  // The cursor.
  TSNode node() const { return ts_tree_cursor_current_node(&cursor_); }
  NodeType type() const { return grammar_.type(ts_node_symbol(node())); }
  Place place() const;
  const char* token() const { return ts_node_type(node()); }
  // Calls f(type, field) with the cursor on each child but comments.
  template <class F>
  void each_child(F&& f) {
    if (!ts_tree_cursor_goto_first_child(&cursor_)) return;
    do {
      const NodeType child = type();
      if (child != NodeType::comment && child != NodeType::line_continuation) {
        f(child, ts_tree_cursor_current_field_id(&cursor_));
      }
    } while (ts_tree_cursor_goto_next_sibling(&cursor_));
    ts_tree_cursor_goto_parent(&cursor_);
  }

  // Lists under construction lie on one stack: push() after mark(), take() moves what lies above the mark to the
  // Module.
  std::size_t mark() const { return stack_.size(); }
  void push(std::uint32_t id) { stack_.push_back(id); }
  Range take(std::size_t mark);

  // Expressions (lower_expr.cc, lower_string.cc). All work on the node under the cursor and leave the cursor there.
  ExprId lower_expr();
  ExprId lower_expr_of_kind(NodeType type);
  ExprId add_expr(ExprKind kind, const Place& place, std::size_t mark);
  ExprId add_leaf(ExprKind kind, const Place& place);
  ExprId add_name(const Place& place);
  void push_operands();                 // every named child
  void push_operands(TSFieldId field);  // the children in this field
  ExprId lower_all(ExprKind kind);      // operands: every named child
  ExprId lower_attribute();
  ExprId lower_call();
  ExprId lower_keyword();
  ExprId lower_subscript();
  ExprId lower_slice();
  ExprId lower_operation(ExprKind kind);
  ExprId lower_comparison();
  ExprId lower_conditional();
  ExprId lower_lambda();
  ExprId lower_yield();
  ExprId lower_dotted_name();
  ExprId lower_number(bool is_integer);
  ExprId lower_string();
  ExprId lower_concatenated_string();
  ExprId lower_interpolation();
  ExprId lower_format_specifier();
  void push_string_parts();
  Symbol symbol_here();

  // Statements (lower_stmt.cc, lower_definition.cc).
  StmtId begin_stmt(StmtKind kind);
  void end_stmt(StmtId id);
  BlockId begin_block(Block::Role role, StmtId owner);
  void end_block(BlockId id, std::size_t mark);
  BlockId lower_block(Block::Role role, StmtId owner);
  void lower_statement();
  void lower_statement_of_type(NodeType type);
  void lower_expression_statement();
  void lower_assignment(StmtId id);
  void lower_augmented_assignment(StmtId id);
  void lower_if();
  void lower_loop(StmtKind kind);
  void lower_with();
  void lower_with_item();
  void lower_try();
  void lower_except();
  void lower_match();
  void lower_case();
  void lower_operands_statement(StmtKind kind);  // return, raise, assert, del, global, nonlocal, others
  void lower_import(StmtKind kind);
  void lower_decorated();
  void lower_function(StmtId id, Range decorators);
  void lower_class(StmtId id, Range decorators);
  void lower_parameters(FunctionId function, bool push_defaults);
  bool read_parameter(NodeType type, Parameter& parameter, bool push_defaults);
  void lower_pieces();  // whatever statements and expressions an error node holds

  Module& module_;
  const Grammar& grammar_;
  TSTreeCursor cursor_;
  std::vector<std::uint32_t> stack_;
  StmtId stmt_ = kNone;
  BlockId block_ = kNone;
  FunctionId function_ = 0;
  ClassId class_ = kNone;
  int expr_depth_ = 0, block_depth_ = 0;
};

}  // namespace pg::verify::py

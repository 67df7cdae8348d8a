#pragma once

#include <tree_sitter/api.h>

#include <array>
#include <cstdint>

namespace pg::verify::py {

// The node types of tree-sitter-python that lowering tells apart, in the spelling of the grammar.
#define PG_PYTHON_NODES(X)                                                                                             \
  X(module)                                                                                                            \
  X(block)                                                                                                             \
  X(comment)                                                                                                           \
  X(line_continuation)                                                                                                 \
  X(identifier)                                                                                                        \
  X(expression_statement)                                                                                              \
  X(assignment) X(augmented_assignment) X(if_statement) X(elif_clause) X(else_clause) X(while_statement) X(            \
      for_statement) X(with_statement) X(with_clause) X(with_item) X(try_statement) X(except_clause)                   \
      X(except_group_clause) X(finally_clause) X(match_statement) X(case_clause) X(case_pattern) X(                    \
          function_definition) X(class_definition) X(decorated_definition) X(decorator) X(return_statement)            \
          X(delete_statement) X(raise_statement) X(assert_statement) X(global_statement) X(nonlocal_statement) X(      \
              import_statement) X(import_from_statement) X(future_import_statement) X(pass_statement)                  \
              X(break_statement) X(continue_statement) X(print_statement) X(exec_statement) X(type_alias_statement) X( \
                  parameters) X(lambda_parameters) X(default_parameter) X(typed_parameter) X(typed_default_parameter)  \
                  X(list_splat_pattern) X(dictionary_splat_pattern) X(keyword_separator) X(positional_separator)       \
                      X(tuple_pattern) X(list_pattern) X(pattern_list) X(as_pattern) X(as_pattern_target)              \
                          X(dotted_name) X(relative_import) X(aliased_import) X(wildcard_import) X(import_prefix)      \
                              X(attribute) X(call) X(argument_list) X(keyword_argument) X(list_splat)                  \
                                  X(dictionary_splat) X(parenthesized_list_splat) X(subscript) X(slice)                \
                                      X(binary_operator) X(unary_operator) X(not_operator) X(boolean_operator)         \
                                          X(comparison_operator) X(conditional_expression) X(integer) X(string)        \
                                              X(concatenated_string) X(string_content) X(interpolation)                \
                                                  X(format_specifier) X(format_expression) X(ellipsis) X(tuple)        \
                                                      X(list) X(set) X(dictionary) X(pair) X(list_comprehension)       \
                                                          X(set_comprehension) X(dictionary_comprehension)             \
                                                              X(generator_expression) X(for_in_clause) X(if_clause)    \
                                                                  X(lambda) X(named_expression)                        \
                                                                      X(parenthesized_expression) X(expression_list)   \
                                                                          X(await) X(yield) X(type) X(ERROR)

enum class NodeType : std::uint8_t {
  other,  // named, but none of these
  token,  // punctuation and keywords
  float_,
  true_,
  false_,
  none_,
#define X(name) name,
  PG_PYTHON_NODES(X)
#undef X
};

// The grammar's symbol and field numbers, looked up by name once.
struct Grammar {
  static const Grammar& get();

  NodeType type(TSSymbol symbol) const {
    return symbol < types.size() ? types[symbol] : symbol == error_symbol ? NodeType::ERROR : NodeType::other;
  }

  static constexpr TSSymbol error_symbol = 0xffff;
  const TSLanguage* language;
  std::array<NodeType, 512> types;
  TSFieldId left, right, operator_, operators, object, attribute, function, arguments, value, subscript, condition,
      consequence, alternative, body, name, parameters, superclasses, type_, return_type, definition, key, cause,
      module_name, alias, argument, subject, guard, expression, format_specifier;

 private:
  Grammar();
};

}  // namespace pg::verify::py

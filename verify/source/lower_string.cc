#include "verify/source/lower.h"

namespace pg::verify::py {
namespace {

struct Prefix {
  bool formatted = false, bytes = false;
};

Prefix prefix_of(std::string_view source, std::uint32_t begin) {
  Prefix prefix;
  for (std::size_t i = begin; i < source.size() && i < begin + 3u; ++i) {
    const char letter = static_cast<char>(source[i] | 0x20);
    if (source[i] == '"' || source[i] == '\'') break;
    prefix.formatted = prefix.formatted || letter == 'f';
    prefix.bytes = prefix.bytes || letter == 'b';
  }
  return prefix;
}

}  // namespace

ExprId Lowerer::lower_string() {
  const Place here = place();
  const Prefix prefix = prefix_of(module_.source, here.begin);
  const std::size_t start = mark();
  if (prefix.formatted) push_string_parts();  // plain literals are left whole: their pieces are escapes only
  const ExprId id = add_expr(prefix.formatted ? ExprKind::fstring : ExprKind::string, here, start);
  module_.exprs[id].is_bytes = prefix.bytes;
  return id;
}

void Lowerer::push_string_parts() {
  each_child([this](NodeType child, TSFieldId) {
    if (child == NodeType::string_content) {
      const ExprId text = add_leaf(ExprKind::string, place());
      module_.exprs[text].is_bare = true;
      push(text);
    } else if (child == NodeType::interpolation) {
      push(lower_expr());
    }
  });
}

ExprId Lowerer::lower_concatenated_string() {
  const Place here = place();
  bool formatted = false;
  each_child([&](NodeType child, TSFieldId) {
    formatted = formatted || (child == NodeType::string && prefix_of(module_.source, place().begin).formatted);
  });
  const std::size_t start = mark();
  if (formatted) {
    each_child([&](NodeType child, TSFieldId) {
      if (child != NodeType::string) return;
      if (prefix_of(module_.source, place().begin).formatted) {
        push_string_parts();
      } else {
        push(add_leaf(ExprKind::string, place()));
      }
    });
  }
  const ExprId id = add_expr(formatted ? ExprKind::fstring : ExprKind::string, here, start);
  module_.exprs[id].is_bytes = prefix_of(module_.source, here.begin).bytes;
  return id;
}

ExprId Lowerer::lower_interpolation() {
  const Place here = place();
  const std::size_t start = mark();
  each_child([&](NodeType child, TSFieldId field) {
    if (child == NodeType::format_specifier) {
      push(lower_format_specifier());
    } else if (field == grammar_.expression && child != NodeType::token && child != NodeType::ERROR) {
      push(lower_expr());
    }
  });
  return add_expr(ExprKind::interpolation, here, start);
}

ExprId Lowerer::lower_format_specifier() {
  const Place here = place();
  const std::size_t start = mark();
  each_child([this](NodeType child, TSFieldId) {
    if (child == NodeType::format_expression || child == NodeType::interpolation) push(lower_expr());
  });
  return add_expr(ExprKind::fstring, here, start);
}

}  // namespace pg::verify::py

#include "verify/source/node_types.h"

#include <cassert>
#include <string_view>

extern "C" const TSLanguage* tree_sitter_python(void);

namespace pg::verify::py {
namespace {

NodeType named_type(std::string_view name) {
  if (name == "float") return NodeType::float_;
  if (name == "true") return NodeType::true_;
  if (name == "false") return NodeType::false_;
  if (name == "none") return NodeType::none_;
#define X(type) \
  if (name == #type) return NodeType::type;
  PG_PYTHON_NODES(X)
#undef X
  return NodeType::other;
}

}  // namespace

Grammar::Grammar() : language(tree_sitter_python()) {
  types.fill(NodeType::other);
  const std::uint32_t count = ts_language_symbol_count(language);
  assert(count <= types.size());
  for (std::uint32_t symbol = 0; symbol < count; ++symbol) {
    const auto id = static_cast<TSSymbol>(symbol);
    types[symbol] = ts_language_symbol_type(language, id) == TSSymbolTypeRegular
                        ? named_type(ts_language_symbol_name(language, id))
                        : NodeType::token;
  }
  const auto field = [this](std::string_view field_name) {
    const TSFieldId id =
        ts_language_field_id_for_name(language, field_name.data(), static_cast<std::uint32_t>(field_name.size()));
    assert(id != 0);
    return id;
  };
  left = field("left"), right = field("right"), operator_ = field("operator"), operators = field("operators");
  object = field("object"), attribute = field("attribute"), function = field("function");
  arguments = field("arguments"), value = field("value"), subscript = field("subscript");
  condition = field("condition"), consequence = field("consequence"), alternative = field("alternative");
  body = field("body"), name = field("name"), parameters = field("parameters"), superclasses = field("superclasses");
  type_ = field("type"), return_type = field("return_type"), definition = field("definition"), key = field("key");
  cause = field("cause"), module_name = field("module_name"), alias = field("alias"), argument = field("argument");
  subject = field("subject"), guard = field("guard"), expression = field("expression");
  format_specifier = field("format_specifier");
}

const Grammar& Grammar::get() {
  static const Grammar grammar;
  return grammar;
}

}  // namespace pg::verify::py

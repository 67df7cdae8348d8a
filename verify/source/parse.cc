#include <tree_sitter/api.h>

#include <algorithm>
#include <memory>

#include "verify/source/ir.h"
#include "verify/source/lower.h"
#include "verify/source/parse_memory.h"

namespace pg::verify::py {
namespace {

// Of one parse, wall clock, at 9 MB/s or more in normal text: only error recovery run wild gets there.
constexpr std::uint64_t kMaxParseMicros = 1'200'000;

struct Delete {
  void operator()(TSParser* parser) const { ts_parser_delete(parser); }
  void operator()(TSTree* tree) const { ts_tree_delete(tree); }
};

void count_errors(TSNode root, Module& module) {
  if (!ts_node_has_error(root)) return;
  const Grammar& grammar = Grammar::get();
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  for (bool more = true; more;) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    const bool is_error = grammar.type(ts_node_symbol(node)) == NodeType::ERROR;
    if (is_error) {
      ++module.error_nodes;
      module.error_bytes += ts_node_end_byte(node) - ts_node_start_byte(node);
    }
    if (ts_node_is_missing(node)) ++module.missing_nodes;
    // Errors inside an error are that one error; what holds none is not walked.
    if (!is_error && ts_node_has_error(node) && ts_tree_cursor_goto_first_child(&cursor)) continue;
    while (!(more = ts_tree_cursor_goto_next_sibling(&cursor)) && ts_tree_cursor_goto_parent(&cursor)) {
    }
  }
  ts_tree_cursor_delete(&cursor);
}

double confidence(const Module& module) {
  if (module.gave_up) return 0;
  const double clean =
      1 - static_cast<double>(module.error_bytes) / static_cast<double>(std::max<std::size_t>(module.source.size(), 1));
  return std::clamp(clean, 0.0, 1.0) / (1 + 0.25 * (module.error_nodes + module.missing_nodes + module.truncated));
}

}  // namespace

Module parse_python(std::string_view source) {
  Module module;
  module.source = source;
  module.symbols.emplace_back();
  module.symbol_ids.emplace(std::string_view(), 0);
  const ParseMemory memory;
  const std::unique_ptr<TSParser, Delete> parser(ts_parser_new());
  ts_parser_set_language(parser.get(), Grammar::get().language);
  ts_parser_set_timeout_micros(parser.get(), kMaxParseMicros);
  std::unique_ptr<TSTree, Delete> tree;
  if (source.size() <= kMaxSourceBytes) {
    tree.reset(ts_parser_parse_string(parser.get(), nullptr, source.data(), static_cast<std::uint32_t>(source.size())));
  }
  if (tree == nullptr) {
    module.gave_up = true;
    module.functions.emplace_back().kind = Function::Kind::module;
    module.blocks.emplace_back().role = Block::Role::module;
    module.functions[0].body = 0;
  } else {
    const TSNode root = ts_tree_root_node(tree.get());
    count_errors(root, module);
    Lowerer(module, root).run();
    if (ParseMemory::frees_trees()) tree.release();
  }
  module.confidence = confidence(module);
  return module;
}

}  // namespace pg::verify::py

#include "verify/source/ir.h"

#include <algorithm>

namespace pg::verify::py {

Symbol Module::find_symbol(std::string_view name) const {
  const auto found = symbol_ids.find(name);
  return found == symbol_ids.end() ? kNone : found->second;
}

std::string Module::dotted_name(ExprId id) const {
  std::vector<std::string_view> parts;
  while (id != kNone && exprs[id].kind == ExprKind::attribute) {
    parts.push_back(name(id));
    id = operand(id, 0);
  }
  if (id == kNone || exprs[id].kind != ExprKind::name) return {};
  std::string text(name(id));
  std::for_each(parts.rbegin(), parts.rend(), [&text](std::string_view part) { text.append(".").append(part); });
  return text;
}

}  // namespace pg::verify::py

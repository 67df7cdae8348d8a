#pragma once

#include <string>

#include "verify/source/ir.h"

namespace pg::verify::py {

// The module as indented text, one statement a line, expressions in prefix notation: for tests and for looking at.
//   3 assign (name x) = (binary add (name a) (integer 1))
// At most `max_bytes`, then "...".
std::string dump_module(const Module& module, std::size_t max_bytes = 1u << 20);
std::string dump_expr(const Module& module, ExprId id);

}  // namespace pg::verify::py

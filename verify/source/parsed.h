#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "verify/source/call_graph.h"
#include "verify/source/ir.h"

namespace pg::verify::py {

// What can be said of a source without knowing how it was run: its tree and its calls. Immutable, so that threads and
// submissions may share one.
struct Parsed {
  explicit Parsed(std::string text) : source(std::move(text)), module(parse_python(source)), calls(module) {}
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  std::string source;  // the module's views point into it
  Module module;
  CallGraph calls;
};

// The same, remembered: one in three scripts of the contest is a byte-identical copy of another one, and the parse is
// most of the work of reading it. Keeps the sources used last, of at most kMaxRemembered bytes. Thread-safe; two
// threads that ask for the same new source at once both parse it.
std::shared_ptr<const Parsed> parse_remembered(std::string_view source);
inline constexpr std::size_t kMaxRemembered = 128u << 20;

}  // namespace pg::verify::py

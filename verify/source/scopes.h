#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "verify/source/call_graph.h"
#include "verify/source/ir.h"

namespace pg::verify::py {

// Every binding of a module, by scope and name. Functions and class bodies are scopes.
class Scopes {
 public:
  explicit Scopes(const Module& module);

  std::span<const Binding> in_function(FunctionId function, Symbol name) const { return find(function, name); }
  std::span<const Binding> in_class(ClassId cls, Symbol name) const { return find(kClassBit | cls, name); }
  std::span<const Binding> of_attribute(Symbol name) const { return find(kAttributes, name); }
  // Python's rule: the innermost function around `from`, itself included, that binds the name, then the module.
  std::span<const Binding> visible(FunctionId from, Symbol name) const;

 private:
  static constexpr std::uint32_t kClassBit = 0x80000000, kAttributes = 0xfffffffe;
  struct Entry {
    std::uint64_t key;
    Binding binding;
  };

  static std::uint64_t key(std::uint32_t scope, Symbol name) { return static_cast<std::uint64_t>(scope) << 32 | name; }
  std::span<const Binding> find(std::uint32_t scope, Symbol name) const;
  void add(std::uint32_t scope, Symbol name, Binding binding);
  void bind_name(ExprId name, Binding binding);
  void bind_target(ExprId target, Binding binding);
  void collect_declarations();
  void collect_statement(StmtId id);
  void collect_expressions();
  void collect_parameters();
  void finish();

  const Module& module_;
  std::vector<Entry> entries_;
  std::vector<Binding> bindings_;
  // The ranges of bindings_, in open addressing: a power of two of slots, at most half of them taken.
  struct Slot {
    std::uint64_t key = kFree;
    Range range;
  };
  static constexpr std::uint64_t kFree = ~0ull;
  static std::size_t hash(std::uint64_t key) { return static_cast<std::size_t>(key * 0x9e3779b97f4a7c15ull >> 32); }
  std::vector<Slot> slots_;
  std::unordered_map<std::uint64_t, FunctionId> redirected_;  // global, nonlocal
};

}  // namespace pg::verify::py

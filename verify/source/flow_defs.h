#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "verify/source/ir.h"

namespace pg::verify::py {

// One place that gives a name a value, or changes the value it has.
struct Def {
  enum class Kind : std::uint8_t { value, element, mutation, parameter };
  Kind kind = Kind::value;
  bool kills = false;       // earlier values are gone behind it (plain assignment)
  bool in_place = false;    // mutation through a method or an index: callers see it
  std::int16_t index = -1;  // position in a tuple target; -1: the whole value
  Symbol name = 0;
  FunctionId function = 0;
  StmtId stmt = kNone;             // kNone: parameter
  ExprId value = kNone;            // what flows in
  std::uint32_t parameter = 0;     // parameter: position in its function
  std::uint32_t parameter_id = 0;  // and index into Module::all_parameters
};

// A value stored under an attribute name, of whatever object: obj.name = value, obj.name.append(value), obj.name[k] =
// value, and names assigned in a class body.
struct AttributeStore {
  Symbol name = 0;
  ExprId value = kNone;
  std::int16_t index = -1;
  bool mutation = false;
};

// Which definitions may reach each use of a name. Flow-sensitive inside a function (the nearest dominating assignment
// hides earlier ones; inside a loop later ones of the loop count too), insensitive across functions. One pass over the
// module; uses of one name in one function share work.
class Defs {
 public:
  explicit Defs(const Module& module);

  std::span<const Def> all() const { return defs_; }
  const Def& def(std::uint32_t id) const { return defs_[id]; }
  // Definitions that may reach a `name` expression; empty for builtins and imports.
  std::span<const std::uint32_t> reaching(ExprId name) const {
    return {reach_.data() + reach_begin_[name], reach_begin_[name + 1] - reach_begin_[name]};
  }
  // All definitions of a name in one function.
  std::span<const std::uint32_t> of(FunctionId function, Symbol name) const;
  // All definitions in one function, by name.
  std::span<const std::uint32_t> in(FunctionId function) const;
  std::span<const AttributeStore> stores() const { return stores_; }
  // The function an expression runs in; a lambda's body runs in the lambda.
  FunctionId function_of(ExprId e) const { return expr_function_[e]; }
  // The root of obj.a[i].b as a name expression; kNone where it has none.
  static ExprId root_name(const Module& module, ExprId e);

 private:
  void collect(const Module& m);
  void bind(const Module& m, ExprId target, Def def, bool mutation);
  void collect_call(const Module& m, ExprId call);
  void index(const Module& m);
  void link(const Module& m);
  void link_use(const Module& m, ExprId use, std::span<const std::uint32_t> defs);

  std::vector<Def> defs_;
  std::vector<AttributeStore> stores_;
  std::vector<FunctionId> expr_function_;
  std::vector<std::uint32_t> by_name_;  // def ids sorted by (function, name, order)
  std::vector<std::uint32_t> reach_, reach_begin_;
};

// Whether block `outer` is `inner` or encloses it, within one function.
bool encloses(const Module& m, BlockId outer, BlockId inner);

}  // namespace pg::verify::py

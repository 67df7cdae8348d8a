#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "verify/source/ir.h"

namespace pg::verify::py {

// A function that a call may mean.
struct Callee {
  FunctionId function = kNone;
  // Leading parameters that the call's own arguments do not fill: 1 for self of a bound method or a constructor, plus
  // the positional arguments that functools.partial stored.
  std::uint32_t bound = 0;
  bool certain = true;  // by name in scope; false: only by the method's name, by the class of some assigned value
};

// Where a name in a function gets its values from. Python's scoping: function locals, enclosing functions, module.
struct Binding {
  enum class Kind : std::uint8_t {
    value,      // assigned: `node` is the expression (whole right-hand side)
    unpacked,   // from a tuple or list target: `node` is the right-hand side
    element,    // of iterating `node` (for, comprehension)
    context,    // with `node` as name
    augmented,  // name op= `node`
    parameter,  // index `node` into Module::all_parameters
    function,   // `node` is a FunctionId
    class_,     // `node` is a ClassId
    import,     // index `node` into Module::all_imports
    opaque,     // except ... as name, match patterns
  };
  Kind kind = Kind::opaque;
  std::uint32_t node = kNone;
  StmtId stmt = kNone;  // kNone for parameters
  FunctionId scope = 0;
  ExprId target = kNone;  // of attribute bindings: the attribute that is assigned to; kNone in a class body
};

// The first of them: loops over these only cost no more than a constant, and all definitions are among them unless a
// scope defines a name more than 16 times.
inline std::span<const Binding> first_bindings(std::span<const Binding> bindings) {
  return bindings.first(bindings.size() < 16 ? bindings.size() : 16);
}

// Names and calls of one module, resolved as well as reading allows: by scope; methods through self, through the class
// of what was assigned to the variable or attribute, and by a name that few classes define; calling an instance means
// __call__ or forward; `g = f`, functools.partial(f, ...), torch.compile(f), decorators, DDP(model) mean f.
// Never recursive over the source; linear but for short chains of aliases (at most 8 steps).
class CallGraph {
 public:
  explicit CallGraph(const Module& module);
  ~CallGraph();
  CallGraph(CallGraph&&) noexcept;
  CallGraph& operator=(CallGraph&&) noexcept;

  // Everything the name may be bound to, seen from function `from`: the bindings of the innermost scope that has any.
  // Definitions (function, class_, import) come first, then the others, each in source order.
  std::span<const Binding> bindings(FunctionId from, Symbol name) const;
  // The same for a `name` expression, which in a class body sees the class's names first.
  std::span<const Binding> bindings_of(ExprId name) const;
  // What a class body binds to the name.
  std::span<const Binding> class_bindings(ClassId cls, Symbol name) const;
  // All values assigned to `<anything>.attribute` in the module, class attributes included (Kind::value and others).
  std::span<const Binding> attribute_bindings(Symbol attribute) const;

  // The functions of this module that a call expression may run; empty: foreign or unknown.
  std::span<const Callee> callees(ExprId call) const;
  // The functions an expression used as a value may be (`f`, `partial(f)`, `self.f`, a lambda).
  std::vector<Callee> functions_of(ExprId value) const;
  // The classes of this module that an expression's value may be an instance of: by construction (wrappers such as
  // torch.compile, DDP and .to() looked through), self, annotations, what callers pass.
  std::vector<ClassId> classes_of(ExprId value) const;
  // Whether a class has another one of this module among its bases, at any distance.
  bool inherits(ClassId derived, ClassId base) const;
  // Calls that may run a function.
  std::span<const ExprId> calls_of(FunctionId function) const;
  // Whether the function is also used as a value (passed on, stored), so that calls not seen here may run it.
  bool escapes(FunctionId function) const;
  // Calls inside a function, those of its lambdas excepted, in the order of evaluation.
  std::span<const ExprId> calls_in(FunctionId function) const;

  // The name a call goes by after imports and aliases: "torch.nn.functional.cross_entropy" for F.cross_entropy,
  // "os.environ.get"; ".backward" for a method of something unknown; "" where the callee has no name.
  std::string qualified_name(ExprId callee) const;

  // The expression a call passes for a callee's parameter (index into Module::parameters(callee.function)); its default
  // where left out; kNone where unknown (*args) or absent.
  ExprId argument(ExprId call, const Callee& callee, std::uint32_t parameter) const;
  // The reverse: the callee's parameter that operand `index` (1 = first argument) of the call fills; kNone: none.
  std::uint32_t parameter_of(ExprId call, const Callee& callee, std::uint32_t index) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pg::verify::py

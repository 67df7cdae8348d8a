#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "verify/source/scopes.h"

namespace pg::verify::py {

// What expressions stand for: functions, instances of classes, imported names. Each question follows at most kMaxSteps
// bindings, so a hostile web of aliases costs no more than a constant.
class Resolver {
 public:
  explicit Resolver(const Module& module);

  const Scopes& scopes() const { return scopes_; }
  std::span<const Binding> bindings_of(ExprId name) const;
  // The functions that run when the value of `callee` is called.
  std::vector<Callee> functions(ExprId callee);
  std::vector<ClassId> classes(ExprId value);
  bool inherits(ClassId derived, ClassId base) const;
  // Of names and attributes; "" for anything else.
  // What stands behind the last dot of the qualified name.
  std::string_view last_name(ExprId callee) const;
  std::string qualified_name(ExprId callee) const;
  // Known calls of each function, for following parameters to what callers pass; nullptr at first.
  void set_calls(const std::vector<std::vector<ExprId>>* calls) { calls_ = calls; }

 private:
  static constexpr int kMaxSteps = 96, kMaxDepth = 8;

  struct Query {
    int steps = 0;
    std::vector<Callee> functions;
    std::vector<ClassId> classes;
  };
  // What the caller of a follow_* wants to know of the value: who runs when it is called, or what class it is of; and
  // of it or of an element of it.
  struct Wanted {
    bool functions = false, element = false, certain = true;
    std::uint32_t bound = 0;
    int depth = 0;
  };

  void follow(ExprId value, Wanted wanted, Query& query);
  void follow_binding(const Binding& binding, Wanted wanted, Query& query);
  void follow_parameter(const Binding& binding, Wanted wanted, Query& query);
  void follow_attribute(ExprId value, Wanted wanted, Query& query);
  void follow_call(ExprId value, Wanted wanted, Query& query);
  void follow_operands(ExprId value, std::uint32_t from, Wanted wanted, Query& query);
  // A function that the value is; a class that the value is (not an instance of it); an instance of a class.
  void found_function(FunctionId function, const Wanted& wanted, Query& query);
  void found_instance(ClassId cls, const Wanted& wanted, Query& query);
  void found_method(ClassId cls, Symbol name, Wanted wanted, Query& query);
  // The class a callee or an annotation names, by its bindings only; kNone.
  ClassId class_named(ExprId value) const;
  ClassId receiver_class(ExprId name) const;
  bool is_foreign_module(ExprId object) const;

  const Module& module_;
  Scopes scopes_;
  std::unordered_map<Symbol, std::vector<FunctionId>> methods_;  // by name
  const std::vector<std::vector<ExprId>>* calls_ = nullptr;
};

// The expression a call passes for a parameter; see CallGraph::argument.
ExprId argument_of(const Module& module, ExprId call, const Callee& callee, std::uint32_t parameter);
std::uint32_t parameter_filled_by(const Module& module, ExprId call, const Callee& callee, std::uint32_t index);

}  // namespace pg::verify::py

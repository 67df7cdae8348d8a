#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "verify/source/fold.h"
#include "verify/source/values.h"

namespace pg::verify::py {

// The evaluator behind Folder. Work is bounded by steps, per question and in all; what would cost more is unknown.
// A value that would need itself (self.x = x, where x is passed args.x) is left out of the alternatives it is one of.
struct Folder::State {
  State(const Module& module, const CallGraph& calls, const Settings& settings);

  const Folded& fold(ExprId id);
  Truth truth(ExprId id);

  static constexpr int kMaxFoldDepth = 160;
  static constexpr std::uint32_t kStepsPerQuestion = 4000, kStepsInAll = 1'000'000;

 private:
  // A call of a small function that is evaluated with the values passed to it.
  struct Frame {
    FunctionId function;
    std::vector<Folded> parameters;
  };
  // What add_argument says of an option.
  struct Option {
    ExprId default_value = kNone;
    bool store_true = false, store_false = false;
  };

  Folded circular();
  Folded evaluate(ExprId id);
  Folded evaluate_kind(ExprId id);
  Folded evaluate_operands(ExprId id);
  Folded evaluate_boolean(ExprId id);
  Folded evaluate_fstring(ExprId id);
  // fold_names.cc
  Folded evaluate_name(ExprId id);
  Folded evaluate_binding(const Binding& binding);
  Folded evaluate_parameter(const Binding& binding);
  Folded evaluate_attribute(ExprId id);
  Folded evaluate_option(Symbol name);
  Folded join(std::span<const Binding> alternatives);
  std::vector<Binding> reaching(ExprId use, std::span<const Binding> bindings) const;
  // The classes that the object is one of, or is.
  std::vector<ClassId> classes_of(ExprId object) const;
  std::vector<Binding> attribute_alternatives(ExprId id, const std::vector<ClassId>& classes) const;
  bool in_dead_branch(StmtId id);
  void collect_options();
  void collect_constructions();
  // fold_calls.cc
  Folded evaluate_call(ExprId id);
  Folded evaluate_environment(ExprId name, ExprId fallback, std::uint32_t line);
  Folded run_function(ExprId call, const Callee& callee);
  std::optional<Folded> run_block(BlockId block);

  const Module& module_;
  const CallGraph& calls_;
  const Settings& settings_;
  const Folded* find_known(ExprId id) const { return known_at_[id] == kNone ? nullptr : &known_[known_at_[id]]; }
  const Folded& remember(ExprId id, Folded result);

  std::deque<Folded> known_;                  // references into it stay
  std::vector<std::uint32_t> known_at_;       // by expression, into known_
  std::vector<bool> evaluating_;              // by expression
  std::unordered_set<std::uint64_t> active_;  // attributes being evaluated
  std::unordered_map<Symbol, Option> options_;
  std::unordered_map<Symbol, std::vector<std::pair<ClassId, ExprId>>> constructed_with_;  // Config(name=value)
  const Frame* frame_ = nullptr;
  int depth_ = 0, frames_ = 0;
  std::uint32_t steps_ = 0, steps_in_all_ = 0;
  bool saw_cycle_ = false;
};

void add_origins(std::vector<SettingOrigin>& into, const std::vector<SettingOrigin>& from);

}  // namespace pg::verify::py

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "verify/source/flow_defs.h"
#include "verify/source/program.h"

namespace pg::verify::py {

// What a value may be made of. Labels flow through assignments, containers, attributes and calls.
namespace label {
inline constexpr std::uint64_t kVal = 1;     // validation tokens (read from a file whose name says so)
inline constexpr std::uint64_t kTrain = 2;   // training tokens
inline constexpr std::uint64_t kGold = 4;    // probability or loss at the gold target only
inline constexpr std::uint64_t kLookup = 8;  // read from a table under a key made of tokens
inline constexpr std::uint64_t kBlend = 16;  // kGold combined with kLookup behind the choice of the target
inline constexpr std::uint64_t kProb = 32;   // logits or probabilities over the vocabulary
inline constexpr std::uint64_t kOptimizer = 64;
inline constexpr std::uint64_t kNetwork = 128;
inline constexpr std::uint64_t kPayload = 256;  // read from a file that is neither (a payload, a model)
inline constexpr std::uint64_t kOwn = 511;
// Above these: "what parameter i of the function brings", i < 40.
inline constexpr int kParameterShift = 16;
inline constexpr std::uint32_t kMaxParameters = 40;
}  // namespace label

// Labels of every expression of a module, by a fixed point over all functions. Calls of the module's own functions are
// followed by summaries (which arguments and which sources reach which result), parameters hold what any call passes.
class Labels {
 public:
  // `dead`, by statement: switched off inside its function, so that what it assigns is never held.
  Labels(const Program& program, const Defs& defs, std::vector<bool> dead);

  // What the expression may hold, with what callers pass filled in. Own labels only.
  std::uint64_t of(ExprId e) const { return e == kNone ? 0 : concrete(labels_[e], defs_.function_of(e)); }
  bool has(ExprId e, std::uint64_t all) const { return (of(e) & all) == all; }
  // A call of something that is no function of this module and behaves like a model.
  bool is_model_call(ExprId call) const;
  // Blends inside: the additions that combine a gold probability with a table's answer.
  bool makes_blend(ExprId e) const { return blend_[e]; }
  // CallGraph::qualified_name of what a call calls, remembered.
  const std::string& callee_name(ExprId call) const { return callee_names_[call]; }
  std::uint64_t parameter(std::uint32_t parameter_id) const { return parameters_[parameter_id]; }

 private:
  std::uint64_t concrete(std::uint64_t l, FunctionId f) const;
  std::uint64_t of_def(const Def& d, FunctionId user);
  std::uint64_t element(ExprId value, int index, bool iterated);
  std::uint64_t of_name(ExprId e);
  std::uint64_t of_call(ExprId e);
  std::uint64_t of_foreign_call(ExprId e, std::uint64_t arguments);
  std::uint64_t of_own_call(ExprId e, int index);
  std::uint64_t of_subscript(ExprId e) const;
  bool of_literal_key(ExprId object, ExprId key, std::uint64_t& l) const;
  bool is_maximum(ExprId e) const;
  bool is_log_weight(ExprId e) const;
  std::uint64_t of_string(ExprId e) const;
  std::uint64_t combine(ExprId e, std::uint64_t a, std::uint64_t b);
  bool weighted_blend(ExprId e) const;
  bool makes_integers(ExprId e, std::string_view name) const;
  std::uint64_t evaluate(ExprId e);
  std::uint64_t operands_of(ExprId e) const;
  // What does not change between rounds, looked up once.
  std::vector<ExprId> name_calls();
  void collect_passed();
  bool pass_arguments();
  bool fill_arguments();
  bool store_attributes();
  bool update_returns();

  const Program& program_;
  const Module& m_;
  const Defs& defs_;
  std::vector<bool> dead_;
  std::vector<std::uint64_t> labels_;      // by expression
  std::vector<std::uint64_t> parameters_;  // by parameter id
  std::vector<std::uint64_t> attributes_;  // by symbol
  struct Returned {
    std::uint64_t whole = 0;
    std::vector<std::uint64_t> parts;  // of tuples that all have the same length
    bool uneven = false;
  };
  std::vector<Returned> returned_;                           // by function
  std::unordered_map<std::uint64_t, std::uint64_t> filled_;  // by function << 32 | name: what callees put in
  std::vector<bool> blend_;
  static constexpr int kSettled = 4;  // rounds until most labels have arrived
  int round_ = 0;
  bool withheld_ = false;
  std::vector<std::string> callee_names_;  // by expression, calls only
  std::vector<bool> about_shape_;          // by expression: an attribute or a call that says nothing about contents
  struct Passed {
    ExprId argument;
    std::uint32_t parameter_id;
  };
  std::vector<Passed> passed_;  // by every call of the module's own functions
  std::vector<Passed> put_;     // into parameters, in place
};

// Small helpers over names.
std::string_view last_part(std::string_view dotted);
// Attributes and methods whose value says nothing about the contents: shape, dtype, numel ...
bool is_about_shape(std::string_view name);

}  // namespace pg::verify::py

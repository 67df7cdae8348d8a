#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "verify/source/flow_labels.h"

namespace pg::verify::py {

// Where something that matters to the order of scoring and learning happens.
struct Site {
  FunctionId function = 0;
  StmtId stmt = kNone;
  ExprId expr = kNone;
};

// Lines of the claimed runs' logs, as far as they tell what ran.
struct RunLines {
  std::vector<std::string> printed;  // lines with results
  std::vector<std::string> claimed;  // the ones among them that carry the claimed score
};

// Everything that the analyses of one file share: program, definitions, labels and the places where validation tokens
// are scored. Not thread-safe.
class Flow {
 public:
  // `entry`: the file is the script that runs, so code that its own conditions switch off does not count. Other files
  // are read as if everything in them were called.
  // The statements that printed `lines` ran, whatever the settings seem to say, and so did what stands in the same
  // blocks and what these call.
  Flow(std::string_view source, const Settings& settings, bool entry, RunLines lines = {});
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  const Module& module() const { return program_.module(); }
  const Program& program() const { return program_; }
  const Defs& defs() const { return defs_; }
  const Labels& labels() const { return *labels_; }
  const RunLines& lines() const { return lines_; }
  // A method of a torch module: what it gives is a loss or logits, not an evaluation.
  bool of_module(FunctionId f) const;

  // Whether a run gets there: unknown counts as yes.
  bool runs(StmtId s) const { return !entry_ || s == kNone || program_.runs(s) != Truth::no || ran(s); }
  bool runs(ExprId e, StmtId s) const { return !entry_ || program_.runs_expr(e) != Truth::no || ran(s); }

  // Statements of a function that add losses or probabilities of validation targets to what the function gives back,
  // and calls of functions that do; source order.
  const std::vector<Site>& scores(FunctionId f) const { return scores_[f]; }
  bool is_scorer(FunctionId f) const { return scorer_[f]; }
  // Places a function is called from; handing it to another call (`timed(f, x)`) counts.
  const std::vector<Site>& callers(FunctionId f) const { return callers_[f]; }
  // The functions a call runs, those handed to it included.
  std::vector<FunctionId> run_by(ExprId call) const;

  // The loops around a statement inside its function, innermost first.
  std::vector<StmtId> loops_around(StmtId s) const;
  bool inside(StmtId s, StmtId compound) const;
  // Whether s and t stand in branches of one `if` that exclude each other.
  bool exclusive(StmtId s, StmtId t) const;
  // Names of a function that what the expression is made of goes back to, itself included.
  std::vector<Symbol> slice(FunctionId f, std::vector<ExprId> from) const;
  // All expressions below one, itself included.
  std::vector<ExprId> below(ExprId e) const;

 private:
  void find_ran();
  bool ran(StmtId s) const {
    const Stmt& x = module().stmt(s);
    return (ran_function_[x.function] && program_.runs_inside(s) != Truth::no) ||
           (x.block != kNone && ran_block_[x.block]);
  }
  bool calls_parameter(ExprId call) const;
  void find_callers();
  void find_scores();
  void add_own_scores(FunctionId f);

  bool entry_;
  RunLines lines_;
  mutable std::int64_t work_ = 20'000'000;  // expressions that below() may still visit: a hostile source costs no more
  Program program_;
  Defs defs_;
  std::unique_ptr<Labels> labels_;
  std::vector<std::vector<Site>> scores_, callers_;
  std::vector<bool> scorer_, ran_function_, ran_block_, filled_block_;
  std::vector<std::vector<ExprId>> returns_;
};

}  // namespace pg::verify::py

#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "verify/source/call_graph.h"
#include "verify/source/fold.h"
#include "verify/source/ir.h"
#include "verify/source/parsed.h"
#include "verify/source/settings.h"

namespace pg::verify::py {

// Everything the front end knows about one source file under the settings of its run: the start of any analysis.
//   Program p(code_file.source, settings);
//   for (FunctionId f = 0; f < p.module().functions.size(); ++f) if (p.runs_function(f) != Truth::no) ...
class Program {
 public:
  // `settings` must outlive it.
  Program(std::string_view source, const Settings& settings)
      : Program(std::make_shared<const Parsed>(std::string(source)), settings) {}
  Program(std::shared_ptr<const Parsed> parsed, const Settings& settings);
  Program(Program&&) noexcept = default;

  const Module& module() const { return parsed_->module; }
  const CallGraph& calls() const { return parsed_->calls; }
  const Folder& folder() const { return *folder_; }

  // Whether a run of the file as a script gets to a statement or into a function. no: an enclosing condition is false,
  // it stands behind a statement that always leaves, or nothing reachable calls its function. unknown: some condition
  // on every way to it is unknown. Loops and excepts are taken to run.
  Truth runs(StmtId statement) const;
  Truth runs_function(FunctionId function) const;
  // Given that its function runs.
  Truth runs_inside(StmtId statement) const { return statement_runs_[statement]; }
  Truth runs_expr(ExprId expression) const;  // its statement; branches of `a if c else b` and `c and a` included
  // Why: the settings behind the conditions that decide it (the closest ones).
  std::vector<SettingOrigin> why(StmtId statement) const;

 private:
  class Reach;
  void find_leaving();
  Truth in_function(StmtId statement) const;
  // f in g(f) where g, a function of this module, calls what it is passed.
  bool is_run_by_callee(ExprId argument) const;
  Truth guard(ExprId expression) const;  // of the conditional expressions and `and`s around it

  std::shared_ptr<const Parsed> parsed_;
  std::unique_ptr<Folder> folder_;
  std::vector<bool> leaves_;
  std::vector<Truth> function_runs_, statement_runs_;
};

}  // namespace pg::verify::py

// What pgverify says about one folder, before it is rendered; renderer.h has the list of formats.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "verify/policy/policy.h"
#include "verify/report/result.h"
#include "verify/submission/submission.h"

namespace pg::verify {

// The part of a report that differs between two runs over the same input.
struct RunInfo {
  std::string time;    // start, UTC, "2026-04-29T12:00:00Z"
  std::string host;    // name of the machine
  std::string folder;  // as the caller named it; below ROOT in `archive`
  double duration_ms = 0;
  // Where it lies below the root of the repository, for outputs that CI systems resolve there; "" where unknown.
  std::string repository_path{};
};

struct Report {
  Submission submission;
  Policy policy;
  std::vector<RuleResult> results;
  Verdict verdict = Verdict::inconclusive;
  RunInfo run;
  // Not empty: the folder could not be examined at all and why; `submission` then holds the name only.
  std::string error;
};

// Results by verdict, and the failing ones by severity. `unproved`: looked for, nothing found, and reading alone never
// passes (inconclusive, severity info); `inconclusive`: the others that could not be decided.
struct Counts {
  int pass = 0, not_applicable = 0, inconclusive = 0, unproved = 0, errors = 0, warnings = 0, infos = 0;
  int total() const { return pass + not_applicable + inconclusive + unproved + errors + warnings + infos; }
};
Counts count(const std::vector<RuleResult>& results);

// Name and time for `RunInfo`, now.
RunInfo run_info(std::string folder);

}  // namespace pg::verify

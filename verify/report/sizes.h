#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "verify/policy/policy.h"
#include "verify/submission/submission.h"

namespace pg::verify {

// A submission's size under one convention: that of the largest of its claimed runs.
struct CountedSize {
  std::optional<std::int64_t> bytes;  // empty: not computable, see `missing`
  std::int64_t model_bytes = 0, code_bytes = 0;
  std::string log;         // the run it is taken from
  std::uint32_t line = 0;  // of the printed total or, where that is not printed, of the model's size
  std::string missing;     // what is needed and absent, in words
};

// The four readings of "code bytes plus compressed model bytes" (README of the challenge), side by side. The model's
// bytes come from the logs in all of them: no submission holds its model.
struct Sizes {
  CountedSize as_logged;   // the total a run prints, with the code bytes it counts itself
  CountedSize as_shipped;  // model + the entry script as it lies in the folder
  CountedSize as_packed;   // model + the compressed code the log counts, or the entry script where it ships packed
  CountedSize reachable;   // model + the entry script + every file it reaches by import, exec, open or compile

  const CountedSize& under(SizeConvention convention) const;
};

// Over the runs of role claim; where none of them prints a size, over the training stages behind them.
Sizes count_sizes(const Submission& submission);

}  // namespace pg::verify

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "verify/policy/policy.h"
#include "verify/submission/submission.h"

namespace pg::verify {

// A number of bytes under one convention and the sum it is.
struct SizeReading {
  std::int64_t bytes = 0;
  std::string parts;  // "model 15,875,551 + train_gpt.py 158,429"
};

// model bytes + code bytes of one run, counted under one convention:
//   as_logged   the total its log prints,
//   as_shipped  the logged model + the entry script as it lies in the folder,
//   as_packed   the logged model + the packed form of the code: the one the log counts, or the entry script where that
//               is itself packed,
//   reachable   the logged model + the entry script + all code it reaches by import, exec, open or compile.
// Empty where a part is not known.
std::optional<SizeReading> size_under(const Submission& submission, const SubmittedRun& run, SizeConvention convention);

// A file that a run needs beside the entry script.
struct ReachedFile {
  std::string path;
  std::uint64_t bytes = 0;
};

// The largest size over the claimed runs under each convention. Without logs, of the metadata's claims, as far as they
// go.
struct SizeTable {
  std::optional<SizeReading> as_logged, as_shipped, as_packed, reachable;
  std::vector<ReachedFile> reached_code;  // counted in `reachable`
  std::vector<ReachedFile> reached_data;  // tokenizers and the like: reached, never counted by anyone
  bool from_claim = false;                // no log prints a size: as_logged is the claimed bytes_total

  const std::optional<SizeReading>& under(SizeConvention convention) const;
};
SizeTable size_table(const Submission& submission);

// The run whose log prints the sizes of a claimed run: itself, or the training_stage run with the same seed where the
// claimed one only evaluates.
const SubmittedRun& sized_run(const Submission& submission, const SubmittedRun& run);

// a + b; numbers from hostile logs stop at the largest one instead of overflowing.
inline std::int64_t add_bytes(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

// Whether the total that the log prints belongs to a model that a later one replaced (a second quantization behind the
// size lines): then the size is the later model + the code.
bool total_is_superseded(const LogRun& run);

// The run's model bytes as logged; where only total and code are logged, what is left.
std::optional<std::int64_t> model_bytes(const LogRun& run);

// "15,987,547 of 16,000,000, 12,453 bytes left" or "..., 54,963 bytes over".
std::string size_margin(std::int64_t bytes, std::int64_t limit);

// "as logged", "files as shipped" ... for messages.
std::string convention_name(SizeConvention convention);

}  // namespace pg::verify

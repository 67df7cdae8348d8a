#include "verify/report/sizes.h"

#include <vector>

namespace pg::verify {
namespace {

using MaybeBytes = std::optional<std::int64_t>;

// What one run's log says about sizes.
struct LoggedSizes {
  const std::string* log;
  std::uint32_t model_line = 0, total_line = 0;
  MaybeBytes model, code, total, packed_code;
};

// Sums of two numbers from hostile logs: none where they would overflow.
MaybeBytes add(MaybeBytes a, MaybeBytes b) {
  std::int64_t sum = 0;
  if (!a || !b || __builtin_add_overflow(*a, *b, &sum)) return std::nullopt;
  return sum;
}

LoggedSizes read_sizes(const LogFile& log) {
  LoggedSizes out{&log.path, 0, 0, {}, {}, {}, {}};
  const LogRun& run = log.runs.back();
  out.model = run.bytes_model.value;
  out.code = run.bytes_code.value;
  out.total = run.bytes_total.value;
  out.model_line = run.bytes_model.line;
  out.total_line = run.bytes_total.line;
  for (const SizeLine& size : run.sizes)
    if (size.kind == SizeLine::Kind::code_packed) out.packed_code = size.bytes;
  if (!out.total) {
    out.total = add(out.model, out.code);
    out.total_line = out.model_line;
  }
  if (!out.model && out.total && out.code) {
    out.model = *out.total - *out.code;
    out.model_line = out.total_line;
  }
  return out;
}

std::vector<LoggedSizes> runs_of(const Submission& submission, Role role) {
  std::vector<LoggedSizes> out;
  for (const SubmittedRun& run : submission.runs) {
    if (run.role != role || submission.logs[run.log].runs.empty()) continue;
    LoggedSizes sizes = read_sizes(submission.logs[run.log]);
    if (sizes.total || sizes.model) out.push_back(sizes);
  }
  return out;
}

// The largest model + code over the runs.
CountedSize largest(const std::vector<LoggedSizes>& runs, const auto& code_of, const char* missing_code) {
  CountedSize best;
  best.missing = runs.empty() ? "no run of the claim prints a size" : "the logs do not print the model's size";
  for (const LoggedSizes& run : runs) {
    const MaybeBytes code = code_of(run);
    if (run.model && !code) best.missing = missing_code;
    const MaybeBytes total = add(run.model, code);
    if (!total || (best.bytes && *best.bytes >= *total)) continue;
    best = {total, *run.model, *code, *run.log, run.model_line, ""};
  }
  if (best.bytes) best.missing.clear();
  return best;
}

CountedSize largest_logged(const std::vector<LoggedSizes>& runs) {
  CountedSize best;
  best.missing = "no run of the claim prints a total";
  for (const LoggedSizes& run : runs)
    if (run.total && (!best.bytes || *best.bytes < *run.total))
      best = {run.total, run.model.value_or(0), run.code.value_or(0), *run.log, run.total_line, ""};
  return best;
}

}  // namespace

const CountedSize& Sizes::under(SizeConvention convention) const {
  switch (convention) {
    case SizeConvention::as_logged:
      return as_logged;
    case SizeConvention::as_shipped:
      return as_shipped;
    case SizeConvention::as_packed:
      return as_packed;
    case SizeConvention::reachable:
      return reachable;
  }
  return as_logged;
}

Sizes count_sizes(const Submission& submission) {
  std::vector<LoggedSizes> runs = runs_of(submission, Role::claim);
  if (runs.empty()) runs = runs_of(submission, Role::training_stage);
  const CodeFile* entry =
      submission.entry >= 0 ? &submission.code[static_cast<std::size_t>(submission.entry)] : nullptr;
  MaybeBytes shipped, reached;
  if (entry != nullptr) {
    shipped = static_cast<std::int64_t>(entry->bytes);
    reached = shipped;
    for (const std::string& path : submission.reachable)
      if (const FileEntry* file = submission.folder.find(path))
        reached = add(reached, static_cast<std::int64_t>(file->bytes));
  }
  Sizes sizes;
  sizes.as_logged = largest_logged(runs);
  sizes.as_shipped = largest(
      runs, [&](const LoggedSizes&) { return shipped; }, "the folder has no entry script");
  sizes.as_packed = largest(
      runs,
      [&](const LoggedSizes& run) {
        return run.packed_code ? run.packed_code : entry != nullptr && !entry->packed.empty() ? shipped : MaybeBytes();
      },
      "the script ships plain and the logs count no packed form of it");
  sizes.reachable = largest(
      runs, [&](const LoggedSizes&) { return reached; }, "the folder has no entry script");
  return sizes;
}

}  // namespace pg::verify

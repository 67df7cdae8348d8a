// Log reader: any bytes as a train log.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "verify/submission/log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const pg::verify::LogFile log =
      pg::verify::read_log_text("x.log", std::string_view(reinterpret_cast<const char*>(data), size));
  // What every reader of a log relies on.
  if (log.bytes != size) __builtin_trap();
  for (const pg::verify::LogRun& run : log.runs) {
    if (run.metric >= static_cast<int>(run.metrics.size()) || run.metric_line > log.lines) __builtin_trap();
    if (run.metric >= 0 && !run.val_bpb) __builtin_trap();
    if (run.source && run.source->last_line < run.source->first_line) __builtin_trap();
  }
  return 0;
}

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "reference/base/run_program.h"

namespace pg::verify {

inline std::vector<std::string> pgverify_and(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), PG_VERIFY_PROGRAM);
  return arguments;
}

// Runs pgverify with `arguments`. `environment`: "NAME=value", in front of the inherited one.
inline Finished run_pgverify(const std::vector<std::string>& arguments,
                             const std::vector<std::string>& environment = {}) {
  HowToRun how;
  how.environment = environment;
  return run_program(pgverify_and(arguments), how);
}

// Starts pgverify, closes the reading end of its stdout after `bytes` bytes and waits.
inline Finished run_with_closed_pipe(const std::vector<std::string>& arguments, std::size_t bytes) {
  HowToRun how;
  how.out_limit = bytes;
  return run_program(pgverify_and(arguments), how);
}

// Starts pgverify, sends `signal` after `milliseconds` and waits.
inline Finished run_and_signal(const std::vector<std::string>& arguments, int signal, int milliseconds) {
  const auto then = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  HowToRun how;
  how.signal = signal;
  how.signal_when = [then] { return std::chrono::steady_clock::now() >= then; };
  return run_program(pgverify_and(arguments), how);
}

}  // namespace pg::verify

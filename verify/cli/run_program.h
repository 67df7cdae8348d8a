#pragma once

#include <string>
#include <vector>

namespace pg::verify {

struct Finished {
  int code = -1;  // exit code, or 128 + signal
  std::string out, err;
};

// Runs pgverify with `arguments`, stdout and stderr into pipes (no terminal). `environment`: "NAME=value", in front of
// the inherited one.
Finished run_pgverify(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {});

// Starts pgverify, closes the reading end of its stdout after `bytes` bytes and waits.
Finished run_with_closed_pipe(const std::vector<std::string>& arguments, std::size_t bytes);

// Starts pgverify, sends `signal` after `milliseconds` and waits.
Finished run_and_signal(const std::vector<std::string>& arguments, int signal, int milliseconds);

}  // namespace pg::verify

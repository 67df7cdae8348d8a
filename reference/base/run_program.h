#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace pg {

struct Finished {
  int code = -1;  // exit code, or 128 + signal
  std::string out, err;
};

struct HowToRun {
  std::vector<std::string> environment;                             // "NAME=value", in front of the inherited one
  std::optional<std::string> input;                                 // stdin; the caller's own where it is not given
  std::size_t out_limit = std::numeric_limits<std::size_t>::max();  // stdout's reader goes away after so many bytes
  int signal = 0;                                                   // sent once, as soon as signal_when() says so
  std::function<bool()> signal_when;                                // asked every five milliseconds
};

// For tests of programs: runs words[0] with the other words as arguments, stdout and stderr into pipes (no terminal),
// and waits for its end.
Finished run_program(std::vector<std::string> words, const HowToRun& how = {});

}  // namespace pg

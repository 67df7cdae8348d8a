#pragma once

#include <signal.h>

#include <array>

namespace pg::cli {

// While it lives, SIGINT and SIGTERM ask the run to end by itself; a second one ends the program at once. One that our
// parent ignores stays ignored, as in base/program.h. Only one may live at a time.
class AskOnSignals {
 public:
  AskOnSignals();
  ~AskOnSignals();
  AskOnSignals(const AskOnSignals&) = delete;
  AskOnSignals& operator=(const AskOnSignals&) = delete;

  static bool asked();

 private:
  static constexpr std::array<int, 2> kSignals = {SIGINT, SIGTERM};
  std::array<struct sigaction, 2> before_{};
};

}  // namespace pg::cli

#include "reference/cli/training_run_signals.h"

#include <atomic>

namespace pg::cli {
namespace {

std::atomic<bool> g_asked{false};

extern "C" void ask_to_end(int signal) {
  g_asked = true;
  ::signal(signal, SIG_DFL);
}

}  // namespace

AskOnSignals::AskOnSignals() {
  struct sigaction action {};
  action.sa_handler = ask_to_end;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

AskOnSignals::~AskOnSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
}

bool AskOnSignals::asked() {
  return g_asked;
}

}  // namespace pg::cli

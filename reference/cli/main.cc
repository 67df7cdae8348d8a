// pgref: the native reference. Commands are in *_command.cc of this folder; their tables in commands.cc and
// torch_commands.cc.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "reference/cli/command.h"
#include "reference/cli/terminal.h"

namespace pg::cli {
namespace {

int run(int argc, char** argv) {
  CLI::App app(
      "The native reference of the Parameter Golf challenge: text to tokenizer and shards, training, evaluation.");
  app.name("pgref");
  app.set_version_flag("--version", std::string("pgref ") + PG_VERSION);
  app.require_subcommand(1);
  Action action;
  for (const AddCommand add : commands()) add(app, action);
  for (const AddCommand add : torch_commands()) add(app, action);
  app.footer(
      "Every command has --help with an example. Exit codes: 0 done, 1 a check failed, 2 wrong usage or bad input,\n"
      "3 cannot tell, 130 interrupted.\n\n"
      "Example:\n"
      "  pgref corpus --out data");
  return run_command(app, action, {argv + std::min(argc, 1), argv + argc});
}

// OpenMP's threads spin while they wait for each other, and where other programs have the cores they spin for a thread
// that cannot run: steps of nano then took more than ten times as long (bench/NOTES.md). A fifteenth of libgomp's
// 300,000 turns was as fast on a quiet machine. The runtime reads this before main(), so the program starts once more.
void start_with_short_waits(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  ::setenv("GOMP_SPINCOUNT", "20000", 1);
  ::execv("/proc/self/exe", argv);  // if that fails, the run is only slower
}

}  // namespace
}  // namespace pg::cli

int main(int argc, char** argv) {
  pg::cli::start_with_short_waits(argv);
  pg::cli::end_on_truncated_maps();
  return pg::run_main(pg::cli::run, pg::cli::remove_now, argc, argv);
}

// pgref: the native reference. Commands are in *_command.cc of this folder; their tables in commands.cc and
// torch_commands.cc.
#include <algorithm>
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

}  // namespace
}  // namespace pg::cli

int main(int argc, char** argv) {
  pg::cli::end_on_truncated_maps();
  return pg::run_main(pg::cli::run, pg::cli::remove_now, argc, argv);
}

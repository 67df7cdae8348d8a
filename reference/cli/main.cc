// pgref: the native reference. Commands are in *_command.cc of this folder; their tables in commands.cc and
// torch_commands.cc.
#include <algorithm>
#include <exception>
#include <iostream>
#include <string>

#include "reference/cli/command.h"
#include "reference/cli/exit_code.h"
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
  if (argc < 2) {
    std::cerr << app.help();
    return kExitError;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem, std::cout, std::cerr) == 0 ? kExitOk : kExitError;
  }
  return action();
}

}  // namespace
}  // namespace pg::cli

int main(int argc, char** argv) {
  pg::cli::install_signal_handlers();
  try {
    return pg::cli::run(argc, argv);
  } catch (const std::exception& problem) {
    pg::cli::complain(std::string("internal error: ") + problem.what());
  } catch (...) {
    pg::cli::complain("internal error: unknown exception");
  }
  return pg::cli::kExitError;
}

// pgverify: `pgverify DIR` is `pgverify verify DIR`. Commands are in *_command.cc of this folder.
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "reference/base/text.h"
#include "verify/cli/command.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"

namespace pg::verify {
namespace {

// With no command in front the arguments belong to `verify`.
std::vector<std::string> with_command(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> args(argv + std::min(argc, 1), argv + argc);
  static const std::vector<std::string> kOfTheProgram = {"-h", "--help", "--version"};
  const auto is_command = [&](const CLI::App* command) { return command->get_name() == args[0]; };
  const bool own = args.empty() || !app.get_subcommands(is_command).empty() ||
                   std::find(kOfTheProgram.begin(), kOfTheProgram.end(), args[0]) != kOfTheProgram.end();
  if (!own) args.insert(args.begin(), "verify");
  std::reverse(args.begin(), args.end());  // CLI11 takes them from the back
  return args;
}

// What the parser of the command line objects to, with the way out.
int wrong_usage(const CLI::ParseError& problem, const CLI::App& app, const std::vector<std::string>& args) {
  const std::string wanted = args.empty() ? "" : args.back();
  const bool known =
      !app.get_subcommands([&](const CLI::App* command) { return command->get_name() == wanted; }).empty();
  complain(fmt::format("{}; `pgverify{} --help` lists the options", escape_line(trim(problem.what()), 1000),
                       known ? " " + wanted : ""));
  return kExitError;
}

int run(int argc, char** argv) {
  CLI::App app(
      "Verifies submissions to the Parameter Golf challenge: folder, submission.json, logs and code against each\n"
      "other and against the rules. Nothing of a submission is executed.");
  app.name("pgverify");
  app.set_version_flag("--version", std::string("pgverify ") + PG_VERSION);
  app.require_subcommand(1);
  Action action;
  add_verify_command(app, action);
  add_archive_command(app, action);
  add_leaderboard_command(app, action);
  add_stats_command(app, action);
  add_explain_command(app, action);
  add_policies_command(app, action);
  add_doctor_command(app, action);
  add_keygen_command(app, action);
  add_sign_command(app, action);
  add_check_report_command(app, action);
  add_export_pae_command(app, action);
  app.footer(
      "pgverify DIR is short for pgverify verify DIR; every command has --help.\n\n"
      "Examples:\n"
      "  pgverify records/track_10min_16mb/2026-04-09_Name\n"
      "  pgverify DIR --format json -o report.json\n"
      "  pgverify DIR --format html -o report.html\n"
      "  pgverify archive parameter-golf -o reports.jsonl\n"
      "  pgverify leaderboard parameter-golf --format html -o leaderboard.html\n"
      "  pgverify stats --new DIR --old RECORD_DIR\n"
      "  pgverify explain PG-SIZE-CAP\n"
      "  pgverify DIR --sign key.pem -o report.dsse.json\n"
      "  pgverify check-report report.dsse.json --key key.pub.pem --folder DIR");
  if (argc < 2) {
    std::cerr << app.help();
    return kExitError;
  }
  const std::vector<std::string> args = with_command(app, argc, argv);
  try {
    app.parse(std::vector<std::string>(args));
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() != 0) return wrong_usage(problem, app, args);
    return app.exit(problem, std::cout, std::cerr) == 0 ? kExitPass : kExitError;  // --help, --version
  }
  return action();
}

}  // namespace
}  // namespace pg::verify

int main(int argc, char** argv) {
  pg::verify::install_signal_handlers();
  try {
    return pg::verify::run(argc, argv);
  } catch (const std::exception& problem) {
    pg::verify::complain(std::string("internal error: ") + problem.what());
  } catch (...) {
    pg::verify::complain("internal error: unknown exception");
  }
  return pg::verify::kExitError;
}

// pgverify: `pgverify DIR` is `pgverify verify DIR`. Commands are in *_command.cc of this folder.
#include <algorithm>
#include <string>
#include <vector>

#include "verify/cli/command.h"
#include "verify/cli/output.h"
#include "verify/cli/passphrase.h"

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
  return args;
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
  return run_command(app, action, with_command(app, argc, argv));
}

// What an interrupted run may not leave behind.
void clean_up() {
  remove_unfinished_output();
  restore_echo();
}

}  // namespace
}  // namespace pg::verify

int main(int argc, char** argv) {
  return pg::run_main(pg::verify::run, pg::verify::clean_up, argc, argv);
}

#pragma once

#include "reference/base/program.h"

namespace pg::verify {

// One file of this folder per command.
void add_verify_command(CLI::App& app, Action& action);
void add_archive_command(CLI::App& app, Action& action);
void add_leaderboard_command(CLI::App& app, Action& action);
void add_stats_command(CLI::App& app, Action& action);
void add_explain_command(CLI::App& app, Action& action);
void add_policies_command(CLI::App& app, Action& action);
void add_doctor_command(CLI::App& app, Action& action);
void add_keygen_command(CLI::App& app, Action& action);
void add_sign_command(CLI::App& app, Action& action);
void add_check_report_command(CLI::App& app, Action& action);
void add_export_pae_command(CLI::App& app, Action& action);

}  // namespace pg::verify

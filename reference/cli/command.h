#pragma once

#include <vector>

#include "reference/base/program.h"

namespace pg::cli {

// One file of this folder per command, its function declared here and named in the table of commands.cc (or of
// torch_commands.cc, if it needs LibTorch).
void add_corpus_command(CLI::App& app, Action& action);
void add_fetch_command(CLI::App& app, Action& action);
void add_tokenizer_command(CLI::App& app, Action& action);

// On LibTorch.
void add_info_command(CLI::App& app, Action& action);
void add_parity_command(CLI::App& app, Action& action);
void add_train_command(CLI::App& app, Action& action);
void add_eval_command(CLI::App& app, Action& action);

// Commands that are in every build, in the order of --help.
const std::vector<AddCommand>& commands();

// Commands on LibTorch. Without it (torch_stub.cc) they are there by name, say what is missing and exit with 2.
const std::vector<AddCommand>& torch_commands();

}  // namespace pg::cli

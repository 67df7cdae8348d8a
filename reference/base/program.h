#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// What pgverify and pgref have in common as programs of subcommands: exit codes, signals, stderr, wrong usage.
namespace pg {

// Exit codes of every program (README, DESIGN 3).
enum ExitCode {
  kExitOk = 0,
  kExitViolation = 1,  // a rule is broken, a check failed
  kExitError = 2,      // wrong usage, bad input, full disk: nothing that is a verdict
  kExitCannotTell = 3,
  kExitUntrusted = 4,  // a signature that is not valid, or not by somebody trusted with what it says
  kExitInterrupted = 130,
};

// What the selected command does; returns the exit code.
using Action = std::function<int()>;

// Adds one subcommand with its options to `app`; parsing it sets `action`.
using AddCommand = void (*)(CLI::App& app, Action& action);

// main(): `run` with a net below it. SIGINT, SIGTERM, SIGHUP and a reader that closed its pipe end the program at once
// and quietly with 128 + signal, after `clean_up`, which may do what a signal handler may (unlink, no memory, no
// locks). An exception is an internal error: a line on stderr, kExitError. So is output that stdout did not take (a
// full disk), whatever `run` returned.
int run_main(int (*run)(int argc, char** argv), void (*clean_up)(), int argc, char** argv);

// What run_main() does about signals, again: for a command that had its own handlers for a while.
void end_on_signals();

// Parses `arguments` (the program's name not among them) and runs the `action` that a command set. No arguments: the
// help on stderr, kExitError. --help, --version: their text on stdout, kExitOk. What does not parse: a complaint that
// names the help to look into, kExitError.
int run_command(CLI::App& app, const Action& action, std::vector<std::string> arguments);

// A line on stderr, the program's name in front. Control characters are the caller's to escape (text.h).
void complain(std::string_view message);

bool is_terminal(std::FILE* stream);

}  // namespace pg

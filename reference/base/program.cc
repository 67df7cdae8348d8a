#include "reference/base/program.h"

#include <errno.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>

#include "reference/base/text.h"

namespace pg {
namespace {

void (*g_clean_up)() = nullptr;

extern "C" void end_quietly(int signal) {
  if (g_clean_up != nullptr) g_clean_up();
  ::_exit(128 + signal);
}

// Whether everything printed has left the program: a full disk shows only when buffers are flushed.
bool stdout_is_written() {
  std::cout.flush();
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
}

// `code`, or kExitError and a line why where output is missing. A command that noticed by itself has said so.
int check_stdout(int code) {
  errno = 0;
  if (stdout_is_written() || code == kExitError) return code;
  const std::string reason = errno != 0 ? std::string(": ") + std::strerror(errno) : "";
  complain("cannot write to standard output" + reason + "; what came out is not complete");
  return kExitError;
}

}  // namespace

void end_on_signals() {
  struct sigaction action {};
  action.sa_handler = end_quietly;
  ::sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    // Ignored by the parent (nohup, background jobs of a shell without job control): leave it so. A broken pipe has to
    // end us all the same.
    if (before.sa_handler != SIG_IGN || signal == SIGPIPE) ::sigaction(signal, &action, nullptr);
  }
  ::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is then an error of write(), which names the file
}

int run_main(int (*run)(int argc, char** argv), void (*clean_up)(), int argc, char** argv) {
  g_clean_up = clean_up;
  end_on_signals();
  try {
    return check_stdout(run(argc, argv));
  } catch (const std::exception& problem) {
    if (std::ferror(stdout) != 0) return check_stdout(kExitOk);  // what fmt::print throws then
    complain(std::string("internal error: ") + problem.what());
  } catch (...) {
    complain("internal error: unknown exception");
  }
  return kExitError;
}

int run_command(CLI::App& app, const Action& action, std::vector<std::string> arguments) {
  if (arguments.empty()) {
    std::cerr << app.help();
    return kExitError;
  }
  const std::string wanted = arguments.front();
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem, std::cout, std::cerr);  // --help, --version
    const bool known = !app.get_subcommands([&](const CLI::App* c) { return c->get_name() == wanted; }).empty();
    if (!known && !wanted.starts_with('-')) {
      complain(
          fmt::format("there is no command '{}'; `{} --help` lists them", escape_line(wanted, 100), app.get_name()));
      return kExitError;
    }
    complain(fmt::format("{}; `{}{} --help` lists the options", escape_line(trim(problem.what()), 1000), app.get_name(),
                         known ? " " + wanted : ""));
    return kExitError;
  }
  return action();
}

void complain(std::string_view message) {
  const std::string line = fmt::format("{}: {}\n", program_invocation_short_name, message);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

bool is_terminal(std::FILE* stream) {
  return ::isatty(::fileno(stream)) == 1;
}

}  // namespace pg

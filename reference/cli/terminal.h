#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

namespace pg::cli {

// stdout is data; everything else, these lines included, is stderr.

// A line on stderr, "pgref: " in front; control characters in it are escaped.
void complain(std::string_view message);

// A line on stderr unless `quiet`.
void say(bool quiet, std::string_view message);

bool is_terminal(std::FILE* stream);

// SIGINT, SIGTERM, SIGHUP and a reader that closed its pipe end the program at once with 128 + signal (130 for SIGINT);
// what remove_when_interrupted() named is removed first. A command that has to end in its own way (a checkpoint) sets
// its own handler.
void install_signal_handlers();

// Files, or folders that are empty by then, to be removed by those handlers, the latest first; at most 64 paths of at
// most 1,023 bytes, more are ignored. Threads that write on while the handler runs may leave a file behind.
void remove_when_interrupted(const std::filesystem::path& path);
void forget_when_interrupted();

// One line that is written over, only where stderr is a terminal and not `quiet`; at most ten times a second.
class Progress {
 public:
  Progress(std::string what, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // `fraction` done in 0..1; negative: not known.
  void update(double fraction, std::string_view text);
  void done();

 private:
  std::string what_;
  bool shown_;
  bool dirty_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace pg::cli

#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace pg::cli {

// stdout is data; everything else, these lines included, is stderr.

// A line on stderr, the program's name in front; control characters in it are escaped.
void complain(std::string_view message);

// A line on stderr unless `quiet`.
void say(bool quiet, std::string_view message);

// A folder to be removed with the files in it when a signal ends the program: the unfinished corpus. One at a time, and
// without subfolders. A command that has to end in its own way (a checkpoint) sets its own handler.
void remove_when_interrupted(const std::filesystem::path& folder);
void forget_when_interrupted();
// For a signal handler (run_main).
void remove_now();

// From now on a mapped file that somebody cuts short while it is read ends the program with a line on stderr and
// kExitError.
void end_on_truncated_maps();

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

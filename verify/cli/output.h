#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace pg::verify {

// Where data goes: stdout, or a file that readers see whole or not at all. From the first write on the file grows under
// a temporary name beside the target; finish() gives it its name, anything else (an error, a signal, the destructor)
// removes it. Devices and pipes as targets are written directly.
class Output {
 public:
  Output() = default;
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // "" or "-": stdout.
  Status open(const std::string& path);
  Status write(std::string_view bytes);
  Status finish();
  bool to_stdout() const { return path_.empty(); }

 private:
  Status failed(const char* what);
  Status create();

  std::string path_;  // empty: stdout
  std::string temporary_;
  int fd_ = -1;
  bool pending_ = false;  // opened, nothing written yet
};

// One output as it was asked for: the option ("-o", "--output-as html=out.html") and where it goes.
struct NamedOutput {
  std::string option, path;
};
// An Error where two of them are one file, by whatever name, or both stdout: one would destroy the other. Devices and
// pipes may be shared.
Status distinct_outputs(const std::vector<NamedOutput>& outputs);

// SIGINT, SIGTERM, SIGHUP and a reader that closed its pipe end the program at once and quietly, with 128 + signal (130
// for SIGINT); an unfinished Output file is removed first.
void install_signal_handlers();

bool is_terminal(std::FILE* stream);

// --color: "always", "never" or "auto" (a terminal on stdout, unless NO_COLOR is set or TERM is "dumb").
bool use_color(const std::string& when, bool to_stdout);

// A line on stderr, "pgverify: ..." in front.
void complain(std::string_view message);

}  // namespace pg::verify

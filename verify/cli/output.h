#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/output_file.h"
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
  Error failed(const char* what) const;
  Status create();

  std::string path_;                // empty: stdout
  std::optional<OutputFile> file_;  // from the first write on
  int fd_ = -1;                     // of a device or a pipe
};

// One output as it was asked for: the option ("-o", "--output-as html=out.html") and where it goes.
struct NamedOutput {
  std::string option, path;
};
// An Error where two of them are one file, by whatever name, or both stdout: one would destroy the other. Devices and
// pipes may be shared.
Status distinct_outputs(const std::vector<NamedOutput>& outputs);

// For a signal handler (run_main): removes an unfinished Output file.
void remove_unfinished_output();

// --color: "always", "never" or "auto" (a terminal on stdout, unless NO_COLOR is set or TERM is "dumb").
bool use_color(const std::string& when, bool to_stdout);

}  // namespace pg::verify

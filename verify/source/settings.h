#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "verify/submission/log.h"

namespace pg::verify::py {

// What somebody said about a setting, and where; the evidence for "this was switched on".
struct SettingOrigin {
  enum class Kind {
    code,
    log,
    command
  };  // default in the code; hyper-parameters a log prints; NAME=value of a command
  Kind kind = Kind::code;
  std::string file;         // as given to add_*; empty for code
  std::uint32_t line = 0;   // 1-based; code: of the decoded source
  std::string name, value;  // as written there
};

// A value from outside the code. Logs print values after conversion ("True" for TTT_ENABLED=1): `converted`.
struct Setting {
  std::vector<SettingOrigin> origins;  // agreeing ones, first seen first, at most 8
  std::string value;
  bool converted = false;
  bool conflicting = false;  // sources of the same rank disagree; the origins hold two of them
};

// What the run had set from outside the code. Logs outrank commands; of two sources of the same rank that disagree
// nothing is believed (`conflicting`). Names are compared without case, so an attribute (ttt_enabled) and its
// environment variable (TTT_ENABLED) are one.
class Settings {
 public:
  // The hyper-parameters one run's log prints.
  void add_log(std::string_view file, const std::map<std::string, Logged<std::string>>& hyperparameters);
  // NAME=value assignments in front of a command or exported (`TTT_ENABLED=1 torchrun ...`, `export SEED=1`,
  // `env A=1 python`), and `--name value` options of a Python or torchrun command, in a shell script, a README or
  // the head of a log. Where a text runs the command several times with different values, the setting conflicts.
  void add_command_text(std::string_view file, std::string_view text);

  // nullptr: nobody set it. `env`: the name of an environment variable or an attribute.
  const Setting* find(std::string_view name) const;
  std::size_t size() const { return log_.size() + command_.size(); }

 private:
  using Table = std::map<std::string, Setting, std::less<>>;
  static void add(Table& table, SettingOrigin origin, bool converted);

  Table log_, command_;  // by lower-cased name
};

}  // namespace pg::verify::py

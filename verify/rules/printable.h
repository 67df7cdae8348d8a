// What the code of a folder can have printed, as far as words tell.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/submission/submission.h"

namespace pg::verify {

class Printable {
 public:
  // Reads every code file of the folder, reached from the entry script or not, and the shell scripts and settings
  // beside them (from disk): whatever stands in any of these may have been printed.
  explicit Printable(const Submission& submission);

  // Words of three or more letters of `name` (lower case) that stand nowhere in those texts, nor in the values of the
  // run's hyper-parameters: a name with such a word was not printed by this code, unless it was read from elsewhere.
  std::vector<std::string> foreign_words(std::string_view name, const LogRun& run) const;
  // Whether an f-string of the code has all its literal parts, a word at least, in the line in their order: then what
  // stands in between came from a value.
  bool fits_template(std::string_view line) const;

  // What else may print, in words: code that could not be read, modules and programs that are not in the folder.
  // Empty: nothing.
  std::string hole() const;

 private:
  const std::vector<std::vector<std::string>>& templates() const;
  bool stands_somewhere(const std::string& word) const;

  const Submission& submission_;  // outlives this
  std::string text_;              // lower case
  bool is_whole_ = true;          // text_ holds all of it
  // Filled when first asked for: most folders have no foreign word.
  mutable std::optional<std::vector<std::vector<std::string>>> templates_;
  mutable std::map<std::string, bool> known_;
};

}  // namespace pg::verify

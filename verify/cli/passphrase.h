#pragma once

#include <string>

#include "reference/base/result.h"
#include "verify/sign/key.h"

namespace pg::verify {

inline constexpr const char* kPassphraseVariable = "PGVERIFY_PASSPHRASE";

// Where a passphrase comes from: the first line of `file` where one is named, else the environment variable above, else
// the terminal. An Error where there is none of them, or where it is empty.
// `twice`: asked for again on the terminal, for a new key.
Result<std::string> ask_passphrase(const std::string& file, const std::string& what, bool twice);

// ask_passphrase for the private key in `path`.
PassphraseSource passphrase_source(const std::string& file, const std::string& path);

// Switches the terminal's echo on again if a question was interrupted; may be called from a signal handler.
void restore_echo();

}  // namespace pg::verify

#pragma once

namespace pg::cli {

// Exit codes of every program of the project (DESIGN 3).
enum ExitCode {
  kExitOk = 0,
  kExitViolation = 1,
  kExitError = 2,  // wrong usage, bad input, full disk ...
  kExitCannotTell = 3,
  kExitInterrupted = 130,
};

}  // namespace pg::cli

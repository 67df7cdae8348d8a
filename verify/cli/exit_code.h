#pragma once

#include "verify/report/result.h"

namespace pg::verify {

// Exit codes of every program of the project (README, DESIGN 3).
enum ExitCode {
  kExitPass = 0,
  kExitViolation = 1,
  kExitError = 2,  // wrong usage, or something that is not the submission's fault
  kExitCannotTell = 3,
  kExitUntrusted = 4,  // a signature that is not valid, or not by somebody trusted with what it says
  kExitInterrupted = 130,
};

int exit_code(Verdict verdict);

// Over several folders the gravest counts: an error, then a violation, then "cannot tell".
int worse(int a, int b);

}  // namespace pg::verify

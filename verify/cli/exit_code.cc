#include "verify/cli/exit_code.h"

namespace pg::verify {

int exit_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
    case Verdict::not_applicable:
      return kExitOk;
    case Verdict::fail:
      return kExitViolation;
    case Verdict::inconclusive:
      return kExitCannotTell;
  }
  return kExitError;
}

int worse(int a, int b) {
  for (const int code : {kExitError, kExitViolation, kExitCannotTell})
    if (a == code || b == code) return code;
  return kExitOk;
}

}  // namespace pg::verify

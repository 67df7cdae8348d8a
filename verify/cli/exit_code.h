#pragma once

#include "reference/base/program.h"
#include "verify/report/result.h"

namespace pg::verify {

int exit_code(Verdict verdict);

// Over several folders the gravest counts: an error, then a violation, then "cannot tell".
int worse(int a, int b);

}  // namespace pg::verify

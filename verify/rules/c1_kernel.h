#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleC1Kernel;

}  // namespace pg::verify

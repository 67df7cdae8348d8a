#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleC4Passes;

}  // namespace pg::verify

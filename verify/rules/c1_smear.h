#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleC1Smear;

}  // namespace pg::verify

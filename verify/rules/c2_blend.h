#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleC2Blend;

}  // namespace pg::verify

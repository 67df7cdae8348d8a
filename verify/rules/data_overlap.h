#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleDataOverlap;

}  // namespace pg::verify

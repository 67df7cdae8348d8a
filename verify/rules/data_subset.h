#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleDataSubset;

}  // namespace pg::verify

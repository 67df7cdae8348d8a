#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleTimeTimer;  // PG-TIME-TIMER

}  // namespace pg::verify

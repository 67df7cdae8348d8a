#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleCodeLog;

}  // namespace pg::verify

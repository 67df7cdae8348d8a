#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleC3Adapt;

}  // namespace pg::verify

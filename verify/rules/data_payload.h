#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleDataPayload;

}  // namespace pg::verify

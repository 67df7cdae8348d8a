#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleMetaCompliance;  // PG-META-COMPLIANCE

}  // namespace pg::verify

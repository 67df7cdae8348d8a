#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleMetaParse;  // PG-META-PARSE

}  // namespace pg::verify

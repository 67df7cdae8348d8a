#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleMetaFields;  // PG-META-FIELDS

}  // namespace pg::verify

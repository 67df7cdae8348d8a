#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleFilesRequired;  // PG-FILES-REQUIRED

}  // namespace pg::verify

#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleFilesListed;  // PG-FILES-LISTED

}  // namespace pg::verify

#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleFilesNames;  // PG-FILES-NAMES

}  // namespace pg::verify

#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleBytesTable;
extern const Rule kRuleBytesConstant;

}  // namespace pg::verify

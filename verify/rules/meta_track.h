#pragma once

#include "verify/rules/rule.h"

namespace pg::verify {

extern const Rule kRuleMetaTrack;  // PG-META-TRACK

}  // namespace pg::verify

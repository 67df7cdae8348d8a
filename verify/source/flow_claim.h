#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/source/flow_order.h"

namespace pg::verify::py {

// Whether a string literal, up to its first formatted value, begins one of the lines a run printed.
bool begins_line(const Module& module, ExprId string, const std::vector<std::string>& lines);

// The evaluation whose result the line of the claimed score prints.
struct ClaimedScore {
  ExprId printed = kNone;    // the text of the line
  std::vector<Site> calls;   // what it prints comes from these, all in one function
  std::vector<bool> inside;  // by function: may run in one of them
};

// By the text of the claimed lines (RunLines::claimed); empty where no one statement prints them, or what it prints
// comes from no call that scores.
std::optional<ClaimedScore> find_claimed_score(const Flow& flow);

// Says of each finding whether it concerns an evaluation beside the claimed one (Finding::beside_claim), and puts the
// claimed evaluation at the end of its trace where that is the one that counts.
void relate_to_claim(const Flow& flow, std::vector<Finding>& findings);

}  // namespace pg::verify::py

#pragma once

#include <string>

#include "verify/report/report.h"

namespace pg::verify {

struct TextOptions {
  bool color = false;  // ANSI colours
  bool quiet = false;  // the verdict line alone
};

// The report for a terminal, 100 columns wide: verdict and counts, score, margins to the limits, then what failed,
// gravest first, then what passed and what the verdict does not mean. A clean submission takes at most 24 lines. Text
// of the submission is escaped.
std::string report_text(const Report& report, const TextOptions& options = {});

}  // namespace pg::verify

// Reports put together by hand for the renderers' tests: no log or folder is read.
#pragma once

#include "verify/report/report.h"

namespace pg::verify {

// Three seeds, everything in order, two facts to know.
Report clean_report();
// Over the limit, a claim without backing, a rule that cannot decide, more evidence than is shown.
Report failing_report();
// Control characters, ANSI sequences, bidirectional overrides, bytes that are not UTF-8 and overlong texts wherever a
// submission can put text; numbers that are not finite or near the ends of their range.
Report hostile_report();
// A folder that could not be read at all.
Report unreadable_report();

}  // namespace pg::verify

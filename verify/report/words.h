// What the renderers say in the same words: the verdict, the counts, the margins to the limits, the order of findings.
// Text from a submission in what is returned has been through escape_line; a renderer adds the escaping of its own
// format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/report/report.h"

namespace pg::verify {

std::string plural(int n, std::string_view word);  // "1 error", "2 errors"

const char* verdict_words(Verdict verdict);         // "PASS", "FAIL", "CANNOT TELL"
std::string counts_in_words(const Counts& counts);  // "1 error, 1 undecided, 8 passed"

// The longest of the runs that back the claim, in ms, its log, and of how many.
struct Longest {
  std::optional<std::int64_t> ms;
  std::string log;
  int runs = 0;
};
Longest longest_training(const Submission& submission);
Longest longest_evaluation(const Submission& submission);

// "score", "size", "train", "eval" with what the folder says and the margin to the limit; a label may be empty, then
// the text continues the line before.
struct Fact {
  std::string label, text;
};
std::vector<Fact> margins(const Report& report);

// What failed or could not be decided, gravest first; in report order within each gravity.
std::vector<const RuleResult*> findings(const Report& report);
// 0 errors, 1 undecided that decide the verdict, 2 warnings, 3 infos; an undecided warning or info weighs as such.
int gravity(Verdict verdict, Severity severity);

// Findings that say the same without a place ("only an experiment can show ...") together; others alone.
using FindingGroup = std::vector<const RuleResult*>;
std::vector<FindingGroup> finding_groups(const Report& report);
std::string joined_ids(const FindingGroup& group);             // "PG-C1-CHOICE, PG-C1-KERNEL"
const char* finding_kind(Verdict verdict, Severity severity);  // "error", "undecided", "unproved", "warning", "info"
const char* finding_kind(const RuleResult& result);

// Whether the folder holds that file; some evidence names what is no file ("(folder listing)").
bool is_shipped(const Report& report, const std::string& file);
// "train.log:12", "train_gpt.py:2 (decoded line 7)".
std::string place_in_words(const Evidence& evidence);
// "observed ...; required ...; margin ...", as far as given.
std::string quantities_in_words(const RuleResult& result);

// "PG-SIZE-CAP" -> "SIZE".
std::string rule_family(std::string_view id);

// What a verdict of this program does not cover; one sentence for the end of every report.
inline constexpr std::string_view kNotExamined =
    "C1 to C4 were read, not proved. Sizes and scores are as logged; no artifact was re-measured.";

}  // namespace pg::verify

// What the rules about a README's arithmetic share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/rules/results.h"
#include "verify/submission/readme_figures.h"

namespace pg::verify {

// Nats per token in one bit per byte, ln 2 x bytes / tokens: val_loss / val_bpb of the claimed runs' logs, else of
// submission.json. Constant for a tokenizer and its validation set.
std::optional<double> nats_per_bpb(const Submission& s);

struct Spread {
  double mean = 0, sample = 0, population = 0;  // sample, population: standard deviations; 0 for one value
};
Spread spread(const std::vector<double>& values);

// How far a result printed as `result` may lie from one computed with numbers that were rounded themselves: one unit of
// its own last digit (cut off instead of rounded included) and `inputs`, what their rounding adds up to.
double slack(const Decimal& result, double inputs);

// Whether a stated deviation is neither kind of `of`, within its rounding and `inputs`; and how grave that is: within 2
// % it is a slip that changes nothing.
std::optional<Severity> wrong_deviation(const Decimal& stated, const Spread& of, double inputs);

// A clause's evidence: the README's line.
Evidence readme_evidence(const Submission& s, const Clause& clause);
Evidence readme_evidence(const Submission& s, std::uint32_t line, const std::string& raw);

// `value` with as many decimals as `like` prints.
std::string printed_like(const Decimal& like, double value);

// Not applicable where there is no README; nothing else.
std::optional<RuleResult> without_readme(std::string_view id, const Submission& s);

}  // namespace pg::verify

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference/base/result.h"
#include "verify/submission/seed_sample.h"

namespace pg::verify {

inline constexpr std::size_t kMaxNumbers = 10'000;
// Losses and scores are positive, and an untrained model's is the logarithm of its vocabulary: far below this.
inline constexpr double kMaxScore = 1000;

// What is wrong with `value` as a score in any unit; empty: nothing.
std::string score_problem(double value);

// What --new and --old name: a submission folder (its claimed runs), else a file of numbers (separated by blanks, line
// ends or commas; "#" starts a comment), else numbers separated by commas. `ratio` is val_loss / val_bpb for numbers;
// a folder brings its own. An Error says what the text is not.
Result<SeedSample> sample_argument(const std::string& text, std::optional<double> ratio);

// Numbers of a list or a file's content; `name` is for messages. Every number has to be a possible score.
Result<SeedSample> parse_numbers(std::string_view text, const std::string& name, std::optional<double> ratio);

}  // namespace pg::verify

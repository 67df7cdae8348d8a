#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>

namespace pg::verify::stats {

// Why a number could not be computed, or should not be believed. Nothing in this folder throws or returns NaN for data:
// where `code` is not ok, the numbers beside it are unset and `reason` says what is missing.
enum class Code {
  ok,
  too_few,         // fewer values than the test needs
  zero_variance,   // all values of a sample are the same: no spread to measure with
  not_finite,      // NaN or infinity among the values, or outside what the distribution is defined for
  duplicate,       // one value or one seed stands twice in a sample: copied, or the seed was ignored
  mixed,           // a sample holds runs of several configurations
  unit,            // a unit that these runs cannot be converted to
  not_attainable,  // however the data fall, the test cannot reach the level
  too_large,       // more work than the exact method is worth
};
const char* to_string(Code code);

struct Outcome {
  Code code = Code::ok;
  std::string reason;

  bool ok() const { return code == Code::ok; }
  explicit operator bool() const { return ok(); }
};

// What a sample tells a test: number of values, mean, standard deviation (n - 1; 0 where n < 2).
struct Moments {
  std::size_t n = 0;
  double mean = 0, sd = 0;
};
Moments moments(std::span<const double> values);

// ok for at least `min_n` finite values that are not all equal (min_n of 1: one value suffices). `name` is for the
// reason: "the new sample".
Outcome check_sample(std::span<const double> values, std::size_t min_n, const std::string& name);

}  // namespace pg::verify::stats

#include "verify/stats/outcome.h"

#include <fmt/format.h>

#include <algorithm>

namespace pg::verify::stats {

const char* to_string(Code code) {
  switch (code) {
    case Code::ok:
      return "ok";
    case Code::too_few:
      return "too_few";
    case Code::zero_variance:
      return "zero_variance";
    case Code::not_finite:
      return "not_finite";
    case Code::duplicate:
      return "duplicate";
    case Code::mixed:
      return "mixed";
    case Code::unit:
      return "unit";
    case Code::not_attainable:
      return "not_attainable";
    case Code::too_large:
      return "too_large";
  }
  return "ok";
}

Moments moments(std::span<const double> values) {
  Moments m;
  m.n = values.size();
  if (m.n == 0) return m;
  double sum = 0;
  for (const double v : values) sum += v;
  m.mean = sum / static_cast<double>(m.n);
  if (m.n < 2) return m;
  // Two passes with the rounding error of the mean taken back: scores agree in their first three digits.
  double squares = 0, rest = 0;
  for (const double v : values) {
    const double d = v - m.mean;
    squares += d * d;
    rest += d;
  }
  const double n = static_cast<double>(m.n);
  m.mean += rest / n;
  const double variance = (squares - rest * rest / n) / (n - 1);
  m.sd = variance < 0 ? 0 : std::sqrt(variance);  // NaN, after an overflow, stays NaN: check_sample sees it
  return m;
}

Outcome check_sample(std::span<const double> values, std::size_t min_n, const std::string& name) {
  if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); }))
    return {Code::not_finite, fmt::format("{} holds a value that is no finite number", name)};
  if (values.size() < min_n)
    return {Code::too_few, fmt::format("{} has {} value{}, the test needs {}", name, values.size(),
                                       values.size() == 1 ? "" : "s", min_n)};
  if (min_n >= 2 && std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; }))
    return {Code::zero_variance, fmt::format("all {} values of {} are {:.10g}: a spread of zero is no measurement",
                                             values.size(), name, values[0])};
  const Moments m = moments(values);
  if (!std::isfinite(m.mean) || !std::isfinite(m.sd))
    return {Code::not_finite, fmt::format("the values of {} are too large for their variance", name)};
  if (min_n >= 2 && m.sd == 0)
    return {Code::zero_variance, fmt::format("the values of {} differ by less than a double can square", name)};
  return {};
}

}  // namespace pg::verify::stats

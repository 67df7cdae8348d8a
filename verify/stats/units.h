#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "reference/base/result.h"

namespace pg::verify::stats {

// What a score or a margin is measured in. bits per byte and nats per byte differ by ln 2. nats per token hang on the
// tokenizer and the validation export: val_loss / val_bpb is 1.688454 for sp1024 and 2.583104 for sp8192, so a number
// in nats per token of one run says nothing about another tokenizer's.
enum class Unit { bpb, nats_per_token, nats_per_byte };

const char* to_string(Unit unit);  // "bpb", "nats/token", "nats/byte"
std::optional<Unit> parse_unit(std::string_view text);

// `value` in the unit `to`. `ratio` is val_loss / val_bpb of the run that the value belongs to; without it nothing is
// converted from or to nats per token: an Error that says so.
Result<double> convert(double value, Unit from, Unit to, std::optional<double> ratio);

// Two runs are of one tokenizer and validation export if their ratios agree to this share: the merged folders of one
// export differ by up to 1.3e-4, the closest exports that differ (sp1024 and the baseline's) by 2.6e-3.
inline constexpr double kSameRatio = 5e-4;
inline bool same_ratio(double a, double b) {
  return std::abs(a - b) <= kSameRatio * std::min(std::abs(a), std::abs(b));
}

}  // namespace pg::verify::stats

#include "verify/stats/units.h"

#include <cmath>
#include <numbers>

namespace pg::verify::stats {

const char* to_string(Unit unit) {
  switch (unit) {
    case Unit::bpb:
      return "bpb";
    case Unit::nats_per_token:
      return "nats/token";
    case Unit::nats_per_byte:
      return "nats/byte";
  }
  return "bpb";
}

std::optional<Unit> parse_unit(std::string_view text) {
  for (const Unit unit : {Unit::bpb, Unit::nats_per_token, Unit::nats_per_byte})
    if (text == to_string(unit)) return unit;
  return std::nullopt;
}

Result<double> convert(double value, Unit from, Unit to, std::optional<double> ratio) {
  if (from == to) return value;
  const bool needs_ratio = from == Unit::nats_per_token || to == Unit::nats_per_token;
  if (needs_ratio && !(ratio && std::isfinite(*ratio) && *ratio > 0))
    return Error{
        "nats/token can be converted by the run's own val_loss / val_bpb only, and the run does not give both; "
        "another tokenizer's factor would be wrong"};
  const double bpb = from == Unit::bpb              ? value
                     : from == Unit::nats_per_token ? value / *ratio
                                                    : value / std::numbers::ln2;
  if (to == Unit::bpb) return bpb;
  return to == Unit::nats_per_token ? bpb * *ratio : bpb * std::numbers::ln2;
}

}  // namespace pg::verify::stats

#include "reference/score/bpb.h"

#include <limits>
#include <numbers>

namespace pg::score {
namespace {

double ratio(double numerator, double denominator) {
  return denominator > 0 ? numerator / denominator : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

void Sums::merge(const Sums& other) {
  nats += other.nats;
  tokens += other.tokens;
  bytes += other.bytes;
}

double Sums::nats_per_token() const {
  return ratio(nats, static_cast<double>(tokens));
}

double Sums::bits_per_byte() const {
  return ratio(nats / std::numbers::ln2, static_cast<double>(bytes));
}

double Sums::tokens_per_byte() const {
  return ratio(static_cast<double>(tokens), static_cast<double>(bytes));
}

double bpb_of_compressed(std::uint64_t compressed_bytes, std::uint64_t text_bytes) {
  return ratio(8.0 * static_cast<double>(compressed_bytes), static_cast<double>(text_bytes));
}

}  // namespace pg::score

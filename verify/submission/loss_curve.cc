#include "verify/submission/loss_curve.h"

#include <cmath>

namespace pg::verify {

void LossCurve::add(std::int64_t step, double value) {
  const bool due = wants_next();
  ++seen_;
  if (!due || !std::isfinite(value)) return;
  if (points_.size() == kMaxPoints) {  // room for as many again at half the density
    for (std::size_t i = 0; 2 * i < points_.size(); ++i) points_[i] = points_[2 * i];
    points_.resize((points_.size() + 1) / 2);
    stride_ *= 2;
    if ((seen_ - 1) % stride_ != 0) return;
  }
  points_.push_back({step, value});
}

}  // namespace pg::verify

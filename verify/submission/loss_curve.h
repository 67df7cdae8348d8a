#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pg::verify {

// What a log printed at one step.
struct LossPoint {
  std::int64_t step = 0;
  double value = 0;
};

// A loss over the steps of a run in at most kMaxPoints points: every printed one as long as they fit, then every 2nd,
// 4th, 8th ... Bounded, because a hostile log may print millions of steps.
class LossCurve {
 public:
  static constexpr std::size_t kMaxPoints = 200;

  // Whether the next point would be kept for good; the reader skips parsing those that would not.
  bool wants_next() const { return seen_ % stride_ == 0; }
  // The next printed point. Values that are not finite are skipped.
  void add(std::int64_t step, double value);
  // The next printed point is left out.
  void skip() { ++seen_; }

  const std::vector<LossPoint>& points() const { return points_; }
  bool empty() const { return points_.empty(); }
  // How many points the log printed.
  std::uint64_t printed() const { return seen_; }

 private:
  std::vector<LossPoint> points_;
  std::uint64_t stride_ = 1, seen_ = 0;
};

}  // namespace pg::verify

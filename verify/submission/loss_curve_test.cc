#include "verify/submission/loss_curve.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "verify/submission/log.h"

namespace pg::verify {
namespace {

TEST(LossCurve, KeepsEveryPointWhileTheyFit) {
  LossCurve curve;
  for (std::int64_t i = 0; i < 200; ++i) curve.add(i, 1.0);
  ASSERT_EQ(curve.points().size(), 200u);
  EXPECT_EQ(curve.points().back().step, 199);
}

TEST(LossCurve, StaysBoundedAndEvenlySpacedOverAMillionPoints) {
  LossCurve curve;
  for (std::int64_t i = 0; i < 1'000'000; ++i) curve.add(i, 1.0);
  const auto& points = curve.points();
  EXPECT_LE(points.size(), LossCurve::kMaxPoints);
  EXPECT_GE(points.size(), LossCurve::kMaxPoints / 2);
  for (std::size_t i = 2; i < points.size(); ++i)
    EXPECT_EQ(points[i].step - points[i - 1].step, points[1].step - points[0].step) << i;
  EXPECT_GT(points.back().step, 980'000);
  EXPECT_EQ(curve.printed(), 1'000'000u);
}

TEST(LossCurve, SkippedPointsCountAsPrinted) {
  LossCurve all, skipping;
  for (std::int64_t i = 0; i < 5'000; ++i) {
    all.add(i, 1.0);
    if (skipping.wants_next())
      skipping.add(i, 1.0);
    else
      skipping.skip();
  }
  ASSERT_EQ(all.points().size(), skipping.points().size());
  for (std::size_t i = 0; i < all.points().size(); ++i) EXPECT_EQ(all.points()[i].step, skipping.points()[i].step);
}

TEST(LossCurve, LeavesOutWhatIsNotFinite) {
  LossCurve curve;
  curve.add(1, std::numeric_limits<double>::infinity());
  curve.add(2, std::numeric_limits<double>::quiet_NaN());
  curve.add(3, 2.5);
  ASSERT_EQ(curve.points().size(), 1u);
  EXPECT_EQ(curve.points()[0].step, 3);
}

TEST(LossCurve, IsReadFromTheStepLinesOfALog) {
  const LogFile log = read_log_text("a.log",
                                    "seed:1\n"
                                    "step:0/500 val_loss:6.9357 val_bpb:4.1077 train_time:0ms step_avg:0.01ms\n"
                                    "step:1/500 train_loss:6.9370 train_time:33ms step_avg:33.2ms\n"
                                    "step:200/500 train_loss:2.5000 train_time:9000ms step_avg:45ms\n"
                                    "250/500 train_loss: 2.4000 train_time: 0.2m tok/s: 5,000,000\n"
                                    "step:500/500 val_loss:2.1000 val_bpb:1.2440 train_time:20000ms step_avg:40ms\n"
                                    "step:501/500 train_loss:nan train_time:33ms step_avg:33.2ms\n");
  ASSERT_EQ(log.runs.size(), 1u);
  const LogRun& run = log.runs[0];
  ASSERT_EQ(run.train_loss_curve.points().size(), 3u);
  EXPECT_EQ(run.train_loss_curve.points()[1].step, 200);
  EXPECT_DOUBLE_EQ(run.train_loss_curve.points()[2].value, 2.4);
  ASSERT_EQ(run.val_loss_curve.points().size(), 2u);
  EXPECT_DOUBLE_EQ(run.val_loss_curve.points()[1].value, 2.1);
  ASSERT_EQ(run.val_bpb_curve.points().size(), 2u);
  EXPECT_DOUBLE_EQ(run.val_bpb_curve.points()[1].value, 1.244);
}

}  // namespace
}  // namespace pg::verify

#include "reference/score/bpb.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace pg::score {
namespace {

TEST(Bpb, IsBitsOverBytesNotOverTokens) {
  Sums sums;
  sums.add(std::numbers::ln2 * 3, 4);  // 3 bits for 4 bytes
  sums.add(std::numbers::ln2 * 5, 1);
  sums.add(std::numbers::ln2 * 2, 0);  // a BOS target: its loss counts, it has no bytes
  EXPECT_DOUBLE_EQ(sums.bits_per_byte(), 2.0);
  EXPECT_DOUBLE_EQ(sums.nats_per_token(), std::numbers::ln2 * 10 / 3);
  EXPECT_DOUBLE_EQ(sums.tokens_per_byte(), 0.6);
}

// The two baselines that need no model: log2(V) bits per token, at the bytes per token of the contest's vocabularies.
TEST(Bpb, UniformModelHasTheKnownValue) {
  EXPECT_NEAR((Sums{std::log(8192) * 1e6, 1'000'000, 3'726'631}.bits_per_byte()), 3.4884, 5e-5);
  EXPECT_NEAR((Sums{std::log(1024) * 1e6, 1'000'000, 2'435'924}.bits_per_byte()), 4.1052, 5e-5);
}

TEST(Bpb, MergeIsTheSumOfTheParts) {
  Sums a, b, whole;
  for (int i = 0; i < 100; ++i) {
    (i < 40 ? a : b).add(0.5 + i, static_cast<std::uint64_t>(i % 5));
    whole.add(0.5 + i, static_cast<std::uint64_t>(i % 5));
  }
  a.merge(b);
  EXPECT_EQ(a.nats, whole.nats);  // all terms are exact in binary
  EXPECT_EQ(a.tokens, whole.tokens);
  EXPECT_EQ(a.bytes, whole.bytes);
}

TEST(Bpb, NothingScoredIsNotANumber) {
  EXPECT_TRUE(std::isnan(Sums{}.bits_per_byte()));
  EXPECT_TRUE(std::isnan(Sums{}.nats_per_token()));
  EXPECT_TRUE(std::isnan(bpb_of_compressed(10, 0)));
}

TEST(Bpb, CompressedStreamCountsEightBitsAByte) {
  EXPECT_DOUBLE_EQ(bpb_of_compressed(250, 1000), 2.0);
}

}  // namespace
}  // namespace pg::score

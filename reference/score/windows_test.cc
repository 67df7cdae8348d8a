#include "reference/score/windows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace pg::score {
namespace {

struct Kept {
  std::size_t start, length, from;
};

// The scripts' loops written out: walk all starts, keep by the rule, score by the rule.
std::vector<Kept> slow_windows(std::size_t targets, std::size_t seq_len, std::size_t stride, Tail tail) {
  std::vector<Kept> out;
  const std::size_t context = seq_len - stride;
  for (std::size_t ws = 0; ws < targets; ws += stride) {
    const std::size_t length = std::min(ws + seq_len, targets) - ws;
    const bool keep = tail == Tail::kPr1394   ? ws + context < targets
                      : tail == Tail::kPr549  ? length >= 1
                      : tail == Tail::kPr1123 ? length >= stride || ws == 0
                                              : ws + context < targets || ws == 0;
    if (!keep) continue;
    const bool from_context = tail == Tail::kPr1394 || tail == Tail::kExact;
    out.push_back({ws, length, ws == 0 ? 0 : from_context ? context : length > stride ? length - stride : 0});
  }
  return out;
}

std::vector<int> times_scored(const WindowPlan& plan) {
  std::vector<int> times(plan.targets(), 0);
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const Window w = plan.at(i);
    for (std::size_t p = w.from; p < w.length; ++p) ++times.at(w.start + p);
  }
  return times;
}

class AnyShape : public ::testing::TestWithParam<Tail> {};

TEST_P(AnyShape, AgreesWithTheScriptsLoop) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    const std::size_t seq_len = 1 + random() % 40, stride = 1 + random() % seq_len, targets = random() % 200;
    const auto plan = WindowPlan::sliding(targets, seq_len, stride, GetParam());
    ASSERT_TRUE(plan.ok());
    const auto slow = slow_windows(targets, seq_len, stride, GetParam());
    ASSERT_EQ(plan->size(), slow.size()) << targets << ' ' << seq_len << ' ' << stride;
    std::size_t scored = 0;
    for (std::size_t i = 0; i < slow.size(); ++i) {
      const Window w = plan->at(i);
      ASSERT_EQ(w, (Window{slow[i].start, slow[i].length, slow[i].from}))
          << targets << ' ' << seq_len << ' ' << stride << " window " << i;
      scored += w.scored();
    }
    EXPECT_EQ(plan->scored(), scored) << targets << ' ' << seq_len << ' ' << stride;
  }
}

TEST_P(AnyShape, ScoresEveryTargetAndOnceWhereTheRuleSaysSo) {
  std::mt19937 random(2);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t seq_len = 1 + random() % 40, stride = 1 + random() % seq_len, targets = 1 + random() % 200;
    const auto plan = WindowPlan::sliding(targets, seq_len, stride, GetParam());
    if (GetParam() == Tail::kPr1394 && targets <= seq_len - stride) {
      EXPECT_EQ(plan->size(), 0u);  // the scripts score nothing then
      continue;
    }
    const bool once = GetParam() == Tail::kExact || GetParam() == Tail::kPr1394;
    const auto times = times_scored(*plan);
    // pr1123 drops windows with less than a stride of targets, and with them up to stride - 1 targets.
    const std::size_t whole = GetParam() == Tail::kPr1123 ? std::max((plan->size() - 1) * stride, std::size_t{0}) : 0;
    for (std::size_t t = 0; t < targets; ++t) {
      ASSERT_TRUE(!once || times[t] == 1) << "target " << t << " of " << targets << ' ' << seq_len << ' ' << stride;
      ASSERT_TRUE(times[t] >= 1 || (GetParam() == Tail::kPr1123 && t >= whole))
          << t << ' ' << targets << ' ' << seq_len;
    }
  }
}

TEST_P(AnyShape, NoScoredPositionHasLessContextThanItsWindowCanGive) {
  const auto plan = WindowPlan::sliding(5000, 256, 32, GetParam());
  for (std::size_t i = 1; i < plan->size(); ++i) {
    const Window w = plan->at(i);
    EXPECT_TRUE(w.length < 256 || w.from == 224u) << i;
    EXPECT_LE(w.start + w.length, 5000u);
  }
}

INSTANTIATE_TEST_SUITE_P(Windows, AnyShape, ::testing::Values(Tail::kExact, Tail::kPr1394, Tail::kPr549, Tail::kPr1123),
                         [](const auto& instance) { return std::string(name_of(instance.param)); });

// Counts of the logged runs (eval.md 3).
TEST(Windows, CountsAreThoseOfTheContestsRuns) {
  const auto pr1394 = WindowPlan::sliding(40'540'160, 2048, 64, Tail::kPr1394);
  EXPECT_EQ(pr1394->size(), 633'409u);
  EXPECT_EQ(pr1394->scored(), 40'540'160u);
  const auto pr1123 = WindowPlan::sliding(62'021'632, 1024, 64, Tail::kPr1123);
  EXPECT_EQ(pr1123->size(), 969'088u);
  EXPECT_EQ(pr1123->scored(), 62'022'592u);
  EXPECT_EQ(pr1123->scored() - pr1123->targets(), 960u);
  EXPECT_EQ(pr1123->at(969'087), (Window{62'021'568, 64, 0}));
}

TEST(Windows, PlainSequencesTouchAndTheLastMayBeShorter) {
  const auto plan = WindowPlan::plain(2500, 1024);
  ASSERT_EQ(plan->size(), 3u);
  EXPECT_EQ(plan->at(0), (Window{0, 1024, 0}));
  EXPECT_EQ(plan->at(1), (Window{1024, 1024, 0}));
  EXPECT_EQ(plan->at(2), (Window{2048, 452, 0}));
  EXPECT_EQ(plan->scored(), 2500u);
}

TEST(Windows, TheContestKeepsWholeSequencesOnly) {
  EXPECT_EQ(contest_targets(2501, 1024), 2048u);
  EXPECT_EQ(contest_targets(2049, 1024), 2048u);
  EXPECT_EQ(contest_targets(2048, 1024), 1024u);
  EXPECT_EQ(contest_targets(1024, 1024), 0u);
  EXPECT_EQ(contest_targets(0, 1024), 0u);
}

TEST(Windows, StridesThatWouldLeaveTargetsOutAreRefused) {
  EXPECT_FALSE(WindowPlan::sliding(100, 16, 17, Tail::kExact).ok());
  EXPECT_FALSE(WindowPlan::sliding(100, 16, 0, Tail::kExact).ok());
  EXPECT_FALSE(WindowPlan::plain(100, 0).ok());
  EXPECT_EQ(WindowPlan::plain(0, 16)->size(), 0u);
}

TEST(Share, PartsOfAllRanksAreTheWhole) {
  for (std::size_t count : {0u, 1u, 7u, 633'409u})
    for (int world : {1, 2, 3, 8, 64}) {
      std::size_t next = 0;
      for (int rank = 0; rank < world; ++rank) {
        const Share share = share_of(count, rank, world);
        EXPECT_EQ(share.begin, next);
        EXPECT_LE(share.size(), count / static_cast<std::size_t>(world) + 1);
        next = share.end;
      }
      EXPECT_EQ(next, count);
    }
}

TEST(Tail, NamesAreReadBack) {
  for (Tail tail : {Tail::kExact, Tail::kPr1394, Tail::kPr549, Tail::kPr1123})
    EXPECT_EQ(tail_from_name(name_of(tail)), tail);
  EXPECT_FALSE(tail_from_name("latest"));
}

}  // namespace
}  // namespace pg::score

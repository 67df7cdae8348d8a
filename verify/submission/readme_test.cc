#include "verify/submission/readme.h"

#include <gtest/gtest.h>

namespace pg::verify {
namespace {

std::vector<std::string> scores(std::string_view text) {
  std::vector<std::string> out;
  for (const ReadmeHeadline& score : readme_scores(text)) out.push_back(score.val_bpb.text);
  return out;
}
using Texts = std::vector<std::string>;

TEST(Readme, TakesTheTitleFirst) {
  const auto found = readme_scores("# Tiny run (val_bpb: 1.1307)\n\n- **val_bpb: 1.13071416** (sliding)\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].val_bpb.text, "1.1307");
  EXPECT_EQ(found[0].line, 1U);
  EXPECT_EQ(found[1].line, 3U);
}

TEST(Readme, ReadsTheSpellingsInUse) {
  for (const char* line : {"**val\\_bpb: 1.0810**", "val bpb: 1.0810", "reaches 1.0810 BPB", "`bpb=1.0810`",
                           "Score: mean val_bpb = 1.0810", "val_bpb **1.0810**", "(**1.0810 val_bpb**)"})
    EXPECT_EQ(scores(line), Texts{"1.0810"}) << line;
}

TEST(Readme, LeavesDifferencesAndOtherUnitsOut) {
  for (const char* line : {"+1.048 BPB",
                           "\xE2\x88\x92"
                           "1.048 BPB",
                           "improves by 0.048 BPB", "val_bpb \xC2\xB1 0.848", "1.048x better bpb", "bpb, 1.0480 nats",
                           "bpb 12.345", "bpb 1.12", "torch 2.9.1.0 bpb", "learning rate 1.025"})
    EXPECT_TRUE(scores(line).empty()) << line;
}

TEST(Readme, DoesNotTakeTheLossOnTheSameLine) {
  EXPECT_EQ(scores("val_loss:2.0510 val_bpb:1.2147"), Texts{"1.2147"});
  EXPECT_EQ(scores("val_bpb:1.2147 val_loss:2.0510"), Texts{"1.2147"});
}

TEST(Readme, LeavesOthersScoresOut) {
  EXPECT_EQ(scores("**val_bpb = 1.2154** (baseline: 1.2244)"), Texts{"1.2154"});
  EXPECT_TRUE(scores("**Base:** PR #325 (1.1462 bpb)").empty());
  EXPECT_TRUE(scores("Pre-quantization BPB: 1.1437").empty());
}

TEST(Readme, ReadsTablesByTheirHeader) {
  EXPECT_EQ(
      scores("| Seed | Loss | Pre-TTT BPB | TTT BPB | Bytes |\n|---|:-:|---|---|---|\n"
             "| 42 | 2.7975 | 1.0829 | **1.0808** | 15,991,930 |\n| Mean | 2.7976 | 1.0827 | 1.0810 | |\n\n1.5000\n"),
      (Texts{"1.0808", "1.0810"}));
  EXPECT_EQ(scores("| Metric | Baseline | This |\n|--|--|--|\n| val_bpb | 1.2244 | 1.1925 |\n| loss | 2.0 | 1.999 |"),
            Texts{"1.1925"});
}

TEST(Readme, TakesResultsButNoCodeFromFences) {
  EXPECT_EQ(scores("```\nif bpb < target and x < 1.2345:\nfinal val_bpb: 1.1925\n```\n"), Texts{"1.1925"});
}

TEST(Readme, SurvivesHostileText) {
  EXPECT_TRUE(scores("").empty());
  EXPECT_TRUE(scores(std::string("\0\xff|\n|-\n||||", 11)).empty());
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "bpb 1.0810\n";
  EXPECT_EQ(scores(many).size(), 1000U);
  EXPECT_TRUE(scores(std::string(1 << 20, '1')).empty());
}

}  // namespace
}  // namespace pg::verify

#include "verify/source/settings.h"

#include <gtest/gtest.h>

namespace pg::verify::py {
namespace {

TEST(Settings, ReadsAssignmentsInFrontOfACommand) {
  Settings s;
  s.add_command_text(
      "README.md",
      "Prose about TTT_ENABLED=0 and so on.\n```bash\nTTT_ENABLED=1 NAME='a b' \\\n  SEED=$SEED torchrun "
      "--nproc_per_node=8 train_gpt.py --lr 0.1 --fast  # comment\n```\nexport A=2\nB=3\n");
  ASSERT_NE(s.find("ttt_enabled"), nullptr);
  EXPECT_EQ(s.find("TTT_ENABLED")->value, "1");
  EXPECT_EQ(s.find("TTT_ENABLED")->origins[0].line, 3u);
  EXPECT_EQ(s.find("TTT_ENABLED")->origins[0].file, "README.md");
  EXPECT_EQ(s.find("NAME")->value, "a b");
  EXPECT_EQ(s.find("SEED"), nullptr);  // the shell knows
  EXPECT_EQ(s.find("lr")->value, "0.1");
  EXPECT_EQ(s.find("fast")->value, "True");
  EXPECT_EQ(s.find("nproc_per_node"), nullptr);
  EXPECT_EQ(s.find("A")->value, "2");
  EXPECT_EQ(s.find("B"), nullptr);
}

TEST(Settings, BelievesNeitherOfTwoThatDisagree) {
  Settings s;
  s.add_command_text("run.sh", "X=1 python a.py\nX=0 python a.py\nY=1 python a.py\nY=1 python a.py\n");
  EXPECT_TRUE(s.find("X")->conflicting);
  EXPECT_EQ(s.find("X")->origins.size(), 2u);
  EXPECT_FALSE(s.find("Y")->conflicting);
}

TEST(Settings, PutsTheLogAboveCommands) {
  Settings s;
  s.add_command_text("README.md", "TTT_ENABLED=0 python train_gpt.py\n");
  s.add_log("train.log", {{"ttt_enabled", {"True", 7}}});
  EXPECT_EQ(s.find("TTT_ENABLED")->value, "True");
  EXPECT_EQ(s.find("TTT_ENABLED")->origins[0].kind, SettingOrigin::Kind::log);
  EXPECT_EQ(s.find("TTT_ENABLED")->origins[0].line, 7u);
}

}  // namespace
}  // namespace pg::verify::py

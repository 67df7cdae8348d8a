#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/submission/log.h"

namespace pg::verify {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> names(const std::string& text) {
  std::vector<std::string> out;
  const LogFile log = read_log_text("a.log", text);
  if (!log.runs.empty())
    for (const LineBeginning& b : log.runs.back().beginnings) out.push_back(b.name);
  return out;
}

TEST(LogBeginnings, AreTheNamesAheadOfValues) {
  EXPECT_THAT(names("ngram_cache:enabled alpha=0.4\n  ttt_chunk [1/9] bpb=0.2\nlr=0.1 x\nfinal_int6 val_loss:1.5\n"
                    "peak memory 12 MiB\n"),
              ElementsAre("ngram_cache", "ttt_chunk ", "lr", "final_int6 val_loss", "peak memory"));
}

TEST(LogBeginnings, AreNotWhatHasNoNumberOrNoName) {
  EXPECT_THAT(names("saved: all\n12 files: 3\n[rank0]: 1\nquoted \"a\": 1\n|  0 : 1\n\n   \nplain 1\n"),
              ElementsAre("plain"));
  EXPECT_THAT(names(std::string(200, 'a') + ": 1\n"), IsEmpty());
}

TEST(LogBeginnings, KeepFirstAndLastLineAndAreBounded) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "name" + std::to_string(i) + "x: 1\nname0x: 2\n";
  const LogFile log = read_log_text("a.log", text);
  ASSERT_THAT(log.runs, SizeIs(1));
  const auto& beginnings = log.runs[0].beginnings;
  EXPECT_THAT(beginnings, SizeIs(256));
  EXPECT_EQ(beginnings[0].line, 1u);
  EXPECT_EQ(beginnings[0].last_line, 600u);
  EXPECT_EQ(beginnings[0].text, "name0x: 1");
}

}  // namespace
}  // namespace pg::verify

#include "verify/submission/readme_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pg::verify {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> numbers(std::string_view markdown) {
  std::vector<std::string> out;
  for (const Figure& f : figures_in(plain_text(markdown)))
    out.push_back((f.sign < 0 ? "-" : f.sign > 0 ? "+" : "") + f.number.text);
  return out;
}

TEST(ReadmeFigures, ReadsNumbersWithSignsCommasAndWithoutALeadingZero) {
  EXPECT_THAT(numbers("1.0775\xE2\x86\x92"
                      "1.0803 (+.00284)"),
              ElementsAre("1.0775", "1.0803", "+0.00284"));
  EXPECT_THAT(numbers("\xE2\x88\x92"
                      "0.00284 bpb = -0.0073 nats"),
              ElementsAre("-0.00284", "-0.0073"));
  EXPECT_THAT(numbers("16,000,000 - 15,992,304 = 7,696"), ElementsAre("16000000", "15992304", "7696"));
  EXPECT_THAT(numbers("1.1,1.2, 3,4"), ElementsAre("1.1", "1.2", "3", "4"));
  EXPECT_THAT(numbers("28\xE2\x80\x93"
                      "29 and \xE2\x80\x93"
                      "0.5"),
              ElementsAre("28", "29", "-0.5"));
}

TEST(ReadmeFigures, LeavesOutWhatIsNoQuantity) {
  for (const char* text :
       {"PR #1394", "int6", "8xH100", "sp8192", "v1.2.3", "[t](https://x/pull/1394)", "4k", "seed_42", "2026Q1"})
    EXPECT_THAT(numbers(text), IsEmpty()) << text;
}

TEST(ReadmeFigures, KnowsTheUnitsThatScoresAndSizesHave) {
  const auto unit = [](const char* text) { return figures_in(plain_text(text)).at(0).unit; };
  EXPECT_EQ(unit("**0.1 BPB**"), Unit::bpb);
  EXPECT_EQ(unit("0.1 nats/token"), Unit::nats);
  EXPECT_EQ(unit("7,696 B"), Unit::none);
  EXPECT_EQ(unit("7,696B"), Unit::bytes);
  EXPECT_EQ(unit("2.4\xC3\x97"), Unit::times);
  EXPECT_EQ(unit("5 seeds"), Unit::none);
  EXPECT_EQ(unit("83.4ms"), Unit::milliseconds);
  EXPECT_EQ(unit("12%"), Unit::percent);
  EXPECT_EQ(unit("16 K params"), Unit::other);
  EXPECT_EQ(plain_text("**2** * 3, 4*5, *1.5* 6"), "2 x 3, 4 x 5, 1.5 6");
  EXPECT_TRUE(figures_in("~0.005 nats").at(0).approximate);
}

TEST(ReadmeFigures, TablesAndSentencesAreKeptApartAndFencesLeftOut) {
  const ReadmeFigures read = readme_figures(
      "First 1.5 bpb. Then 2.5.\n\n| Seed | BPB |\n|---|:-:|\n| 42 | **1.1** |\n| Mean | 1.1 |\n\n```\n9.9 = "
      "1\n```\nlast 3\n");
  ASSERT_EQ(read.tables.size(), 1u);
  EXPECT_THAT(read.tables[0].header, ElementsAre("seed", "bpb"));
  ASSERT_EQ(read.tables[0].rows.size(), 2u);
  EXPECT_EQ(read.tables[0].rows[1].cells[0].text, "mean");
  EXPECT_EQ(read.tables[0].rows[1].line, 6u);
  std::vector<std::string> texts;
  for (const Clause& clause : read.clauses) texts.push_back(clause.text);
  EXPECT_THAT(texts, ElementsAre("first 1.5 bpb", " then 2.5.", "42", "1.1", "1.1", "last 3"));
}

TEST(ReadmeFigures, HostileTextIsBounded) {
  readme_figures(std::string(2'000'000, '|'));
  std::string many;
  for (int i = 0; i < 50'000; ++i) many += "1 2 3\n";
  EXPECT_LE(readme_figures(many).clauses.size(), 20'000u);
  readme_figures(std::string(100'000, '1'));
  readme_figures("|a|\n|-|\n" + std::string(5000, '\xFF') + "|1");
  EXPECT_LE(figures_in(std::string(4000, '7') + std::string(" 1 2")).size(), 3u);
}

TEST(ReadmeFigures, RemembersTheLastTextAndNoOther) {
  const std::string text = "val_bpb 1.08";
  const auto first = readme_figures_remembered(text);
  EXPECT_EQ(readme_figures_remembered(std::string(text)), first);
  EXPECT_THAT(readme_figures_remembered("no number")->clauses, IsEmpty());
  ASSERT_EQ(first->clauses.size(), 1u);
  EXPECT_EQ(readme_figures_remembered(text)->clauses.at(0).text, first->clauses[0].text);
}

}  // namespace
}  // namespace pg::verify

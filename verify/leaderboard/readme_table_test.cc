#include "verify/leaderboard/readme_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/leaderboard/sample_board.h"

namespace pg::verify {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kReadme =
    "# Challenge\n\n| not | a leaderboard |\n|---|---|\n| 1 | 2 |\n\n## Leaderboard\n\n"
    "| Run | Score | Author | Summary | Date | Info |\n|-----|------:|--------|---------|------|------|\n"
    "| Best | 1.0904 | Someone | a \\| b | 2026-03-04 | [info](records/track_10min_16mb/d/README.md) |\n"
    "| Second | 1.1004 | ann-b | x | 2026-03-02 | [info](https://github.com/o/r/pull/7), [b](elsewhere) |\n"
    "| Third| 1.2 | nobody | x | 2026-03-01 |\n"
    "| Lost | 1.5 | nobody | x | 2026-03-01 | [info](https://github.com/o/r/pull/9) |\n"
    "| Odd | n/a | nobody | x | 2026-03-01 | |\n"
    "\n#### Other board\n\n| Run | Score |\n|---|---|\n| Wrong | 1.15 | [c](records/track_10min_16mb/c) |\n";

TEST(ReadmeTable, ReadsRowsHeadingsAndLinks) {
  const auto rows = read_readme_tables(kReadme);
  ASSERT_THAT(rows, SizeIs(6));
  EXPECT_EQ(rows[0].run, "Best");
  EXPECT_EQ(rows[0].line, 11u);
  EXPECT_EQ(rows[0].heading, "Leaderboard");
  EXPECT_EQ(rows[0].score->text, "1.0904");
  EXPECT_THAT(rows[1].links, ElementsAre("https://github.com/o/r/pull/7", "elsewhere"));
  EXPECT_FALSE(rows[4].score);
  EXPECT_EQ(rows[5].heading, "Other board");
  EXPECT_THAT(read_readme_tables("no table\n| Run | Score |\nno rule below\n| a | 1 |\n"), IsEmpty());
}

TEST(ReadmeTable, SurvivesWhatIsNoTable) {
  std::string deep(100'000, '|');
  for (const std::string& text :
       {std::string("| Run | Score |\n|---|---|\n") + deep, std::string("\xff\xfe|\0|", 5),
        std::string("| Run | Score |\r\n|---|---|\r\n| a | 1e999 |\r\n| b | \\"), std::string("](](](](")})
    EXPECT_LE(read_readme_tables(text).size(), 4u);
}

TEST(ReadmeComparison, FindsFoldersByLinkThenByScore) {
  const Board board = sample_board();
  const ReadmeComparison c = compare_with_readme(board, read_readme_tables(kReadme));
  const auto found = [&](std::size_t i) { return c.matches[i].row ? board.rows[*c.matches[i].row].name : ""; };
  EXPECT_EQ(found(0), "d");
  EXPECT_EQ(c.matches[0].how, ReadmeMatch::How::link);
  EXPECT_EQ(found(1), "b");
  EXPECT_EQ(c.matches[1].how, ReadmeMatch::How::score_and_author);
  EXPECT_EQ(found(2), "a") << "1.2 is 1.2004 at its own rounding, and no other folder's";
  EXPECT_EQ(c.matches[2].how, ReadmeMatch::How::score);
  EXPECT_EQ(found(3), "");
  EXPECT_THAT(c.matches[3].remark, HasSubstr("pull/9, which is no folder below the root"));
  EXPECT_THAT(c.matches[4].remark, HasSubstr("no number"));
  EXPECT_EQ(found(5), "c");
  EXPECT_EQ(c.found, 4);
  EXPECT_EQ(c.agreeing, 3);
  std::vector<std::string> left;
  for (const std::size_t i : c.not_listed) left.push_back(board.rows[i].name);
  EXPECT_THAT(left, ElementsAre("copied", "locked", "single"));
}

TEST(ReadmeComparison, SaysInWhatARowDiffers) {
  Board board = sample_board();
  const ReadmeComparison c = compare_with_readme(board, read_readme_tables(kReadme));
  EXPECT_FALSE(c.matches[5].agrees);
  EXPECT_THAT(c.matches[5].remark, HasSubstr("the folder's runs give 1.10083"));
  for (BoardRow& row : board.rows)
    if (row.name == "c") row.claimed = parse_decimal("1.15");
  const ReadmeComparison claimed = compare_with_readme(board, read_readme_tables(kReadme));
  EXPECT_FALSE(claimed.matches[5].agrees) << "ranked at another score than the listed one";
  EXPECT_TRUE(claimed.matches[5].as_claimed);
  EXPECT_EQ(claimed.claim_only, 1);
  EXPECT_THAT(claimed.matches[5].remark, HasSubstr("as claimed; ranked at the 1.10083"));
}

TEST(ReadmeComparison, LeavesOutTheRowsOfOtherTracks) {
  const auto rows = read_readme_tables(
      "## Records\n\n| Run | Score |\n|---|---|\n| One | 1.1 | [i](records/track_10min_16mb/d) |\n| Two | 1.2 | no "
      "link "
      "|\n\n## Others\n\n| Run | Score |\n|---|---|\n| Three | 1.3 | [i](https://h/records/track_long/x) |\n| Four | "
      "1.4 | none |\n");
  ASSERT_THAT(rows, SizeIs(4));
  const Board board = sample_board();
  const ReadmeComparison own = compare_with_readme(board, rows, "track_10min_16mb");
  EXPECT_THAT(own.matches, SizeIs(2));
  EXPECT_EQ(own.other_tracks, 2);
  EXPECT_EQ(own.matches[1].listed.run, "Two") << "by the links under its heading";
  EXPECT_THAT(compare_with_readme(board, rows).matches, SizeIs(4));
}

TEST(ReadmeComparison, LinksNameTheWholeFolderAndItsTrack) {
  const Board board = sample_board();
  const auto found = [&](const std::string& link) {
    ReadmeRow row;
    row.score = parse_decimal("9.9");
    row.links = {link};
    const auto c = compare_with_readme(board, {row});
    return c.matches[0].row ? board.rows[*c.matches[0].row].name : std::string("none");
  };
  EXPECT_EQ(found("https://host/tree/main/records/track_10min_16mb/b"), "b");
  EXPECT_EQ(found("records/track_10min_16mb/b#notes"), "b");
  EXPECT_EQ(found("records/track_10min_16mb/bb/README.md"), "none");
  EXPECT_EQ(found("records/track_other/b/README.md"), "none");
  EXPECT_EQ(found(""), "none");
}

}  // namespace
}  // namespace pg::verify

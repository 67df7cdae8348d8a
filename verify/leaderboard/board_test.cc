#include "verify/leaderboard/board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/leaderboard/sample_board.h"

namespace pg::verify {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> names(const Board& board, const std::vector<std::size_t>& indices) {
  std::vector<std::string> out;
  for (const std::size_t i : indices) out.push_back(board.rows[i].name);
  return out;
}
std::vector<std::string> steps(const Board& board, const BoardChain& chain) {
  std::vector<std::string> out;
  for (const BoardStep& step : chain.steps)
    out.push_back(board.rows[step.before].name + ">" + board.rows[step.row].name);
  return out;
}
int rank_of(const Board& board, const std::string& name) {
  for (const auto& [i, rank] : board.tables[0].rank)
    if (board.rows[i].name == name) return rank;
  return 0;
}
int group_of(const Board& board, const std::string& name) {
  for (const auto& [i, group] : board.tables[0].tie_group)
    if (board.rows[i].name == name) return group;
  return 0;
}

TEST(Board, EveryRowStandsInOneTableByScoreWhateverItsVerdict) {
  const Board board = sample_board();
  ASSERT_EQ(board.tables.size(), 1u);
  EXPECT_THAT(names(board, board.tables[0].order), ElementsAre("copied", "d", "single", "b", "c", "a", "locked"));
  EXPECT_EQ(rank_of(board, "c"), 5) << "it fails and keeps its place";
  EXPECT_EQ(rank_of(board, "locked"), 0) << "no score, no rank";
}

TEST(Board, StepsGoFromOneComparableRowToTheNext) {
  const Board board = sample_board();
  EXPECT_THAT(steps(board, board.tables[0].by_score), ElementsAre("a>c", "c>b", "b>d"));
  EXPECT_THAT(steps(board, board.tables[0].by_time), ElementsAre("a>b", "b>d")) << "c was no record when it came";
}

TEST(Board, ARecordIsComparedWithTheRecordOfItsDay) {
  auto rows = sample_rows();
  rows[1].date = "2026-03-09";  // b is late: c was the record before it
  const Board board = build_board(std::move(rows), *load_policy("practice-2026-04"), ScoreSource::best);
  EXPECT_THAT(steps(board, board.tables[0].by_time), ElementsAre("a>c", "c>d"));
}

TEST(Board, RowsThatTheFirstDoesNotBeatAreTied) {
  const Board board = sample_board();
  EXPECT_EQ(group_of(board, "d"), 1);
  EXPECT_EQ(group_of(board, "b"), 2);
  EXPECT_EQ(group_of(board, "c"), 3) << "at p < 0.25, 0.0001 is a step";
  const Board strict = build_board(sample_rows(), *load_policy("readme-2026-03"), ScoreSource::best);
  EXPECT_EQ(group_of(strict, "b"), 2);
  EXPECT_EQ(group_of(strict, "c"), 2);
  EXPECT_EQ(group_of(strict, "single"), 0) << "one run is tied with nothing";
  EXPECT_EQ(group_of(strict, "copied"), 0);
}

TEST(Board, CountsTheStepsOfEachReadingAndAdjustsForTheChain) {
  const Board board = sample_board();
  const BoardChain& chain = board.tables[0].by_score;
  EXPECT_THAT(chain.passing, ElementsAre(3, 2, 2, 2, 2));
  EXPECT_EQ(chain.decided, 3);
  const BoardStep& close = chain.steps[1];
  EXPECT_GE(*close.holm, *close.deciding_p);
  EXPECT_FALSE(close.lord->rejected);
  EXPECT_TRUE(chain.steps[0].spending->rejected);
}

TEST(Board, ExcludedRowsStayListed) {
  auto rows = sample_rows();
  rows[1].excluded = true;
  const Board board = build_board(std::move(rows), *load_policy("practice-2026-04"), ScoreSource::best);
  EXPECT_THAT(steps(board, board.tables[0].by_score), ElementsAre("a>c", "c>d"));
  EXPECT_EQ(rank_of(board, "b"), 0);
  EXPECT_EQ(rank_of(board, "c"), 4);
  EXPECT_EQ(board.tables[0].order.size(), 7u);
}

TEST(Board, EqualScoresShareARankAndTracksHaveTheirOwnTables) {
  std::vector<BoardRow> rows = {board_row("x/a", {1.1, 1.2}, ""), board_row("x/b", {1.1, 1.2}, ""),
                                board_row("x/c", {1.3, 1.4}, ""), board_row("y/d", {1.0, 1.01}, "")};
  rows[3].track = "non_record_16mb";
  const Board board = build_board(std::move(rows), *load_policy("practice-2026-04"), ScoreSource::best);
  ASSERT_EQ(board.tables.size(), 2u);
  EXPECT_EQ(board.tables[1].track, "non_record_16mb");
  EXPECT_EQ(rank_of(board, "a"), 1);
  EXPECT_EQ(rank_of(board, "b"), 1);
  EXPECT_EQ(rank_of(board, "c"), 3);
  EXPECT_THAT(board.tables[0].by_time.steps, IsEmpty()) << "no dates";
}

TEST(Board, APolicyWithoutStatisticsGivesRanksAndNoSteps) {
  Policy policy = *load_policy("practice-2026-04");
  policy.statistics.reset();
  const Board board = build_board(sample_rows(), policy, ScoreSource::best);
  EXPECT_EQ(rank_of(board, "a"), 6);
  EXPECT_THAT(board.tables[0].by_score.steps, IsEmpty());
  EXPECT_THAT(board.tables[0].tie_group, IsEmpty());
}

TEST(BoardRow, DatesAreReadOffTimestampsAndFolderNames) {
  EXPECT_EQ(leading_date("2026-03-18T14:56:29Z"), "2026-03-18");
  EXPECT_EQ(leading_date("2026-04-09_Name"), "2026-04-09");
  EXPECT_EQ(leading_date("2026-4-9"), "");
  EXPECT_EQ(leading_date("March 2026"), "");
}

TEST(BoardRow, KeepsTheFolderThatCouldNotBeExamined) {
  Report report;
  report.submission.name = "2026-04-01_Locked";
  report.error = "cannot open";
  const BoardRow row = make_row(report, "records/2026-04-01_Locked", ScoreSource::best);
  EXPECT_EQ(row.error, "cannot open");
  EXPECT_EQ(row.date, "2026-04-01");
  EXPECT_FALSE(row.score);
}

}  // namespace
}  // namespace pg::verify

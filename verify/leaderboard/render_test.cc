#include "verify/leaderboard/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference/base/text.h"
#include "verify/leaderboard/sample_board.h"
#include "verify/report/canonical.h"
#include "verify/report/golden.h"
#include "verify/report/schema_check.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

BoardPage page() {
  BoardPage out;
  out.board = sample_board();
  out.board.policy.digest = std::string(64, '0');
  out.coverage = {12, 7, 2, 1, 2, {{"data", "no submission in it or below it"}}, {"latest"}, {}};
  out.readme = compare_with_readme(
      out.board, read_readme_tables("## Board\n| Run | Score |\n|---|---|\n| x | 1.0904 |\n| lost | 1.7 |\n"));
  return out;
}

BoardPage hostile() {
  const std::string evil =
      "\x1b[31m<script>alert('1')</script>|`*_[x](javascript:y)&amp;\xE2\x80\xAE\r\n\xFF\"" + std::string(300, 'x');
  BoardPage out = page();
  for (BoardRow& row : out.board.rows) {
    row.name = row.path = row.author = row.date = evil;
    row.failing = {evil};
    row.error = row.error.empty() ? "" : evil;
    row.sample.objections.push_back(evil);
  }
  out.coverage.without_row = {{evil, evil}};
  out.coverage.links = {evil};
  out.coverage.problems = {evil};
  out.readme->matches[1].listed.run = evil;
  out.readme->matches[1].remark = evil;
  return out;
}

json schema() {
  return json::parse(*read_file(PG_SOURCE_DIR "/docs/formats/leaderboard-v1.schema.json", 1 << 20));
}

TEST(BoardRender, MatchesTheGoldenFiles) {
  expect_golden("verify/leaderboard/testdata/board.txt", board_text(page()));
  expect_golden("verify/leaderboard/testdata/board.md", board_markdown(page()));
  expect_golden("verify/leaderboard/testdata/board.html", board_html(page()));
  expect_golden("verify/leaderboard/testdata/board.json", canonical_json(board_json(page())) + "\n");
}

TEST(BoardRender, JsonFitsItsSchemaAndTheSchemaDescribesEveryField) {
  EXPECT_THAT(check_schema(schema(), board_json(page())), IsEmpty());
  BoardPage bare = page();
  bare.readme.reset();
  bare.board.policy.statistics.reset();
  bare.board = build_board(bare.board.rows, bare.board.policy, ScoreSource::claimed);
  EXPECT_THAT(check_schema(schema(), board_json(bare)), IsEmpty());
  EXPECT_THAT(undescribed(schema()), IsEmpty());
}

TEST(BoardRender, HtmlHoldsNoScriptAndNothingFromElsewhere) {
  for (const std::string& html : {board_html(page()), board_html(hostile())}) {
    for (const char* part : {"<script", "src=", "href=", "url(", "@import", "javascript:y\""}) {
      EXPECT_THAT(to_lower(html), Not(HasSubstr(part)));
    }
    EXPECT_THAT(html, HasSubstr("Content-Security-Policy"));
    EXPECT_EQ(html, to_utf8(html));
  }
  EXPECT_THAT(board_html(hostile()), HasSubstr("&lt;script&gt;alert(&#39;1&#39;)"));
}

TEST(BoardRender, MarkdownKeepsHostileTextInItsCell) {
  const std::string markdown = board_markdown(hostile());
  EXPECT_THAT(markdown, Not(HasSubstr("<script")));
  EXPECT_THAT(markdown, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(markdown, Not(HasSubstr("[x](")));
  for (std::size_t begin = 0; begin < markdown.size();) {
    const std::size_t end = markdown.find('\n', begin);
    const std::string line = markdown.substr(begin, end - begin);
    if (line.starts_with("| 1 |")) {
      std::size_t bars = 0;
      for (std::size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
      EXPECT_EQ(bars, 16u) << line;
    }
    begin = end + 1;
  }
}

TEST(BoardRender, TextIsSafeForATerminal) {
  for (const char c : board_text(hostile())) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
}

TEST(BoardRender, AnIncompleteProofIsNotOverlooked) {
  EXPECT_THAT(board_text(hostile()), HasSubstr("INCOMPLETE"));
  EXPECT_THAT(board_text(page()), HasSubstr("complete"));
}

}  // namespace
}  // namespace pg::verify

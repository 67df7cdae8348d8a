#include "verify/report/layout.h"

#include <gtest/gtest.h>

#include <sstream>

namespace pg::verify {
namespace {

std::string words(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) {
    if (i > 0) text += ' ';
    text.append(i % 9 + 1, 'w');
  }
  return text;
}

void expect_narrow(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns_of(line), kColumns) << line;
}

TEST(Layout, NoLineIsWiderThanTheScreen) {
  for (const bool color : {false, true}) {
    Layout out(color);
    out.field("label", words(500));
    out.hanging(out.styled("head", Style::bad) + " ", 5, words(500));
    out.hanging(std::string(95, 'h'), 95, words(50));
    out.indented(std::string(950, 'x'));
    out.indented("a " + std::string(200, 'x') + " b");
    out.cut(out.styled(std::string(300, 'x'), Style::good));
    expect_narrow(out.take());
  }
}

TEST(Layout, WrappingLosesNoWord) {
  Layout out(false);
  const std::string text = words(1000);
  out.indented(text, 4);
  std::istringstream got(out.take()), want(text);
  for (std::string a, b; want >> a;) {
    got >> b;
    EXPECT_EQ(a, b);
  }
}

TEST(Layout, CountsCodePointsNotBytes) {
  EXPECT_EQ(columns_of("é±→"), 3u);
  EXPECT_EQ(columns_of("\x1b[1;31mred\x1b[0m"), 3u);
  Layout out(false);
  std::string text;
  for (int i = 0; i < 100; ++i) text += "é";
  out.cut(text);
  EXPECT_EQ(out.take(), text + "\n");
}

TEST(Layout, CutsBetweenCharacters) {
  Layout out(false);
  std::string text;
  for (int i = 0; i < 101; ++i) text += "é";
  out.cut(text);
  const std::string line = out.take();
  EXPECT_EQ(columns_of(line), kColumns + 1);  // and the line end
  EXPECT_EQ(line.substr(line.size() - 6), "é...\n");
}

TEST(Layout, WritesColoursOnlyWhenAsked) {
  EXPECT_EQ(Layout(false).styled("x", Style::bad), "x");
  EXPECT_EQ(Layout(true).styled("x", Style::bad), "\x1b[1;31mx\x1b[0m");
}

}  // namespace
}  // namespace pg::verify

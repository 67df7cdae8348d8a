#include "verify/submission/located_json.h"

#include <gtest/gtest.h>

namespace pg::verify {
namespace {

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(LocatedJson, KeepsLinesOfKeysAndNumbersAsWritten) {
  const auto document = read_json("{\n  \"a\": 1.0810,\n  \"b\": [1e-3,\n 7\n],\n\"c\":\n\n-0.50}");
  ASSERT_TRUE(document.valid) << document.error;
  EXPECT_EQ(document.root.find("a")->text, "1.0810");
  EXPECT_EQ(document.root.find("a")->line, 2U);
  EXPECT_EQ(document.root.find("b")->items[0].text, "1e-3");
  EXPECT_EQ(document.root.find("b")->items[0].line, 3U);
  EXPECT_EQ(document.root.find("b")->items[1].line, 4U);
  EXPECT_EQ(document.root.find("c")->text, "-0.50");
  EXPECT_EQ(document.root.find("c")->line, 6U) << "a member's line is its key's";
}

TEST(LocatedJson, ReportsDuplicateKeysAndTakesTheLast) {
  const auto document = read_json("{\"a\": 1,\n\"b\": {\"a\": 5},\n\"a\": 2}");
  ASSERT_EQ(document.duplicates.size(), 1U);
  EXPECT_EQ(document.duplicates[0].line, 3U);
  EXPECT_EQ(document.root.find("a")->text, "2");
}

TEST(LocatedJson, LetsAByteOrderMarkThrough) {
  EXPECT_TRUE(read_json("\xEF\xBB\xBF{\"a\": 1}").valid);
}

struct Broken {
  const char* text;
  std::uint32_t line;
  const char* repair;
};

class LocatedJsonBroken : public testing::TestWithParam<Broken> {};

TEST_P(LocatedJsonBroken, NamesLineAndCauseAndRecoversTheFields) {
  const auto document = read_json(GetParam().text);
  EXPECT_FALSE(document.valid);
  EXPECT_EQ(document.error_line, GetParam().line) << document.error;
  EXPECT_TRUE(document.recovered && document.complete);
  ASSERT_FALSE(document.repairs.empty());
  EXPECT_NE(document.repairs[0].find(GetParam().repair), std::string::npos) << document.repairs[0];
  EXPECT_NE(document.advice.find(GetParam().repair), std::string::npos) << document.advice;
  ASSERT_NE(document.root.find("a"), nullptr);
  EXPECT_EQ(document.root.find("a")->text, "1.50");
}

INSTANTIATE_TEST_SUITE_P(Kinds, LocatedJsonBroken,
                         testing::Values(Broken{"{\n\"a\": 1.50,\n}", 3, "line 3: comma"},
                                         Broken{"{\"a\": 1.50, \"b\": [1,\n2,\n]}", 3, "comma"},
                                         Broken{"{\n// why\n\"a\": 1.50}", 2, "line 2: comment"},
                                         Broken{"{\"a\": 1.50 /* , } */}", 1, "comment"},
                                         Broken{"{\"a\": 1.50, # x\n\"b\": \"# // no\"}", 1, "comment"},
                                         Broken{"{\"a\": 1.50,\n\"b\": NaN}", 2, "NaN"},
                                         Broken{"{\"a\": 1.50, \"b\": -Infinity}", 1, "Infinity"},
                                         Broken{"{\"a\": 1.50, \"b\": True}", 1, "Python"},
                                         Broken{"json{\"a\": 1.50}", 1, "before the first brace"},
                                         Broken{"{\"a\": 1.50, \"b\": \"\xff\"}", 1, "UTF-8"}));

TEST(LocatedJson, KeepsWhatStoodBeforeACut) {
  const auto document = read_json("{\"a\": 1.5,\n\"b\": {\"c\": 2},\n\"d\": \"open");
  EXPECT_FALSE(document.valid);
  EXPECT_EQ(document.error_line, 3U);
  EXPECT_TRUE(document.recovered);
  EXPECT_FALSE(document.complete);
  EXPECT_EQ(document.root.find("a")->text, "1.5");
  EXPECT_EQ(document.root.find("b")->find("c")->text, "2");
}

TEST(LocatedJson, ReadsTheFirstOfTwoValues) {
  const auto document = read_json("{\"a\": 1}\n{\"a\": 2}");
  EXPECT_FALSE(document.valid);
  EXPECT_EQ(document.root.find("a")->text, "1");
}

TEST(LocatedJson, RefusesWhatPassesItsLimits) {
  EXPECT_FALSE(read_json(repeat("[", 65) + repeat("]", 65)).valid);
  EXPECT_TRUE(read_json(repeat("[", 64) + repeat("]", 64)).valid);
  EXPECT_FALSE(read_json(repeat("{\"a\":", 1'000'00)).recovered);
  const auto many = read_json(repeat("[", 1) + repeat("0,", 200'001) + "0]");
  EXPECT_FALSE(many.valid || many.recovered);
  const auto large = read_json(repeat("{\"a\": \"", 1) + std::string(kMaxJsonBytes, 'x') + "\"}");
  EXPECT_FALSE(large.valid || large.recovered);
  EXPECT_FALSE(large.error.empty());
}

TEST(LocatedJson, SaysThatAnEmptyFileIsEmpty) {
  for (const char* text : {"", " \n\t"}) {
    EXPECT_NE(read_json(text).error.find("empty"), std::string::npos);
    EXPECT_FALSE(read_json(text).recovered);
  }
}

TEST(LocatedJson, GivesUpOnScalarsAndProse) {
  EXPECT_TRUE(read_json("17").valid);
  EXPECT_FALSE(read_json("17 apples").recovered);
  EXPECT_FALSE(read_json("hello").recovered);
  EXPECT_FALSE(read_json("version https://git-lfs.github.com/spec/v1").recovered);
}

}  // namespace
}  // namespace pg::verify

// Sources made to break a reader: each must be answered in bounded time, without overflow, and say that it was cut.
#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "verify/source/program.h"

namespace pg::verify::py {
namespace {

std::string repeated(std::string_view piece, std::size_t count) {
  std::string text;
  text.reserve(piece.size() * count);
  while (count-- > 0) text += piece;
  return text;
}

#if defined(__SANITIZE_ADDRESS__)
constexpr double kMaxSeconds = 20;
#else
constexpr double kMaxSeconds = 2;
#endif

// The whole front end, in seconds of the processor: tests run beside others.
void expect_answer(const std::string& source, bool cut) {
  const std::clock_t start = std::clock();
  const Settings settings;
  const Program program(source, settings);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  testing::Test::RecordProperty("milliseconds", static_cast<int>(seconds * 1000));
  EXPECT_LT(seconds, kMaxSeconds) << source.substr(0, 40);
#if defined(__SANITIZE_ADDRESS__)
  if (program.module().gave_up) return;  // out of time, instrumented
#endif
  EXPECT_EQ(program.module().confidence < 1, cut) << source.substr(0, 40);
}

constexpr std::size_t kDeep = 100'000;

TEST(Hostile, TenMegabytesInOneLine) {
  expect_answer("x = [" + repeated("1,", 5'000'000) + "]\n", true);
}
TEST(Hostile, HalfAMegabyteInOneLine) {
  expect_answer("x = [" + repeated("1,", 250'000) + "]\n", false);
}
TEST(Hostile, HalfAMegabyteOfStatementsInOneLine) {
  expect_answer(repeated("a=f(b);", 70'000) + "\n", false);
}
TEST(Hostile, FourMegabytesOfString) {
  expect_answer("x = '" + std::string(4'000'000, 'a') + "'\n", false);
}
TEST(Hostile, NestedParentheses) {
  expect_answer(std::string(kDeep, '(') + "1" + std::string(kDeep, ')'), false);
}
TEST(Hostile, NestedLists) {
  expect_answer(std::string(kDeep, '[') + "1" + std::string(kDeep, ']'), true);
}
TEST(Hostile, OpenedAndNeverClosed) {
  expect_answer(std::string(kDeep, '('), true);
}
TEST(Hostile, ClosedAndNeverOpened) {
  expect_answer(std::string(kDeep, ')'), true);
}
TEST(Hostile, LongAttributeChain) {
  expect_answer("x" + repeated(".a", kDeep) + "\n", true);
}
TEST(Hostile, LongCallChain) {
  expect_answer("x" + repeated("()", kDeep) + "\n", true);
}
TEST(Hostile, LongSum) {
  expect_answer("x = 1" + repeated("+1", kDeep) + "\n", true);
}
TEST(Hostile, LongChainOfNots) {
  expect_answer("x = " + repeated("not ", kDeep) + "1\n", true);
}
TEST(Hostile, LongComparison) {
  expect_answer("x = 1" + repeated("<1", kDeep) + "\n", true);
}
TEST(Hostile, LongAssignmentChain) {
  expect_answer(repeated("a=", kDeep) + "1\n", false);
}
TEST(Hostile, LongElifChain) {
  expect_answer("if a: b\n" + repeated("elif a: b\n", 20'000), true);
}
TEST(Hostile, NestedLambdas) {
  expect_answer("x = " + repeated("lambda: ", 20'000) + "1\n", true);
}
TEST(Hostile, NestedFStrings) {
  expect_answer("x = " + repeated("f'{", 2'000) + "1" + repeated("}'", 2'000), true);
}
TEST(Hostile, DeepIndentation) {
  std::string source;
  for (std::size_t i = 0; i < 2'000; ++i) source.append(i, ' ').append("if a:\n");
  source.append(2'000, ' ').append("b\n");
  expect_answer(source, true);
}
TEST(Hostile, NothingButErrors) {
  expect_answer(repeated("$ ?! )( ]", 200'000), true);
}
TEST(Hostile, BinaryNoise) {
  std::string noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 500'000; ++i) noise += static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
  expect_answer(noise, true);
}
TEST(Hostile, NulBytes) {
  expect_answer("a = 1\n" + std::string(100'000, '\0') + "\nb = 2\n", true);
}

TEST(Hostile, WebOfAliases) {
  std::string source;
  for (int i = 0; i < 300; ++i) {
    for (int j = 0; j < 20; ++j)
      source += "f" + std::to_string(i) + " = f" + std::to_string((i * 7 + j * 13 + 1) % 300) + "\n";
  }
  expect_answer(source + repeated("f1(f2)\nif f3: f4()\n", 5'000), false);
}
TEST(Hostile, ParametersThatPassEachOther) {
  std::string source;
  for (int i = 0; i < 400; ++i) {
    source += "def f" + std::to_string(i) + "(a, b):\n";
    for (int j = 0; j < 5; ++j) source += "  f" + std::to_string((i * 5 + j) % 400) + "(a + b, b + a)\n";
    source += "  if a: g()\n";
  }
  expect_answer(source, false);
}

TEST(Hostile, ManyMethodsOfOneName) {
  std::string source = "class A:\n";
  for (int i = 0; i < 20'000; ++i) source += " def f(self): self.f(1); self.g = self.g(f)\n";
  expect_answer(source + repeated("a.f(b.g)\n", 20'000), false);
}
TEST(Hostile, ManyAssignmentsOfOneAttribute) {
  expect_answer(repeated("a.b = b(a.b)\nif a.b: b = a\n", 40'000), false);
}
TEST(Hostile, ManyClassesOfOneName) {
  expect_answer(repeated("class A(A):\n  x = A(x=A)\n  def f(self, a: 'A'): a.f().x()\n", 10'000), false);
}
TEST(Hostile, ManyParameters) {
  std::string names = "a";
  for (int i = 0; i < 5'000; ++i) names += ",a" + std::to_string(i);
  expect_answer("def f(" + names + "): f(" + names + ")\n" + repeated("f(" + names + ")\n", 20), false);
}

TEST(Hostile, TooLargeIsGivenUp) {
  const std::string source(kMaxSourceBytes + 1, '\n');
  const Module m = parse_python(source);
  EXPECT_TRUE(m.gave_up);
  EXPECT_EQ(m.confidence, 0);
  EXPECT_TRUE(m.statements(m.functions[0].body).empty());
}

}  // namespace
}  // namespace pg::verify::py

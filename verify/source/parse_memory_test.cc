#include "verify/source/parse_memory.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "verify/source/dump.h"
#include "verify/source/ir.h"

namespace pg::verify::py {
namespace {

std::string dumped(const std::string& source) {
  return dump_module(parse_python(source), 64u << 20);
}

std::string many_lines(int count) {
  std::string source;
  for (int i = 0; i < count; ++i)
    source += "def f" + std::to_string(i) + "(a, b=[1, (2, 3)]):\n    return {a: b + " + std::to_string(i) + "}\n";
  return source;
}

// Blocks are used again by the next parse of the thread: nothing of the one before may show.
TEST(ParseMemory, ParseDoesNotDependOnTheParsesBefore) {
  const std::string small = "x = [1, 2]\n", large = many_lines(4000), broken = std::string(3000, '(') + "= ] )\n";
  const std::string of_small = dumped(small), of_large = dumped(large), of_broken = dumped(broken);
  EXPECT_NE(of_small, of_large);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(dumped(large), of_large);
    EXPECT_EQ(dumped(broken), of_broken);
    EXPECT_EQ(dumped(small), of_small);
  }
}

TEST(ParseMemory, ThreadsDoNotShareIt) {
  const std::string source = many_lines(500), expected = dumped(source);
  std::vector<std::string> seen(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& one : seen)
      threads.emplace_back([&one, &source] {
        for (int i = 0; i < 5; ++i) one = dumped(source);
      });
  }
  for (const std::string& one : seen) EXPECT_EQ(one, expected);
}

}  // namespace
}  // namespace pg::verify::py

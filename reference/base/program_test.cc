// A program of commands, in this process: what it returns and prints. Signals and pipes are tested on pgref and
// pgverify.
#include "reference/base/program.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <stdexcept>

namespace pg {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::internal::CaptureStderr;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStderr;
using ::testing::internal::GetCapturedStdout;

struct Ended {
  int code;
  std::string out, err;
};

Ended run(const std::vector<std::string>& arguments) {
  CLI::App app("A program.");
  app.name("prog");
  app.require_subcommand(1);
  Action action;
  int steps = 0;
  CLI::App* walk = app.add_subcommand("walk", "Walk.");
  walk->add_option("--steps", steps, "how many");
  walk->callback([&] { action = [&] { return steps; }; });
  CaptureStdout();
  CaptureStderr();
  const int code = run_command(app, action, arguments);
  const std::string err = GetCapturedStderr();
  return {code, GetCapturedStdout(), err};
}

TEST(RunCommand, ReturnsWhatTheCommandReturns) {
  const Ended ended = run({"walk", "--steps", "7"});
  EXPECT_EQ(ended.code, 7);
  EXPECT_THAT(ended.out + ended.err, IsEmpty());
}

TEST(RunCommand, HelpIsDataAndNothingAtAllIsWrongUsage) {
  EXPECT_EQ(run({"--help"}).code, kExitOk);
  EXPECT_THAT(run({"--help"}).out, HasSubstr("walk"));
  EXPECT_EQ(run({}).code, kExitError);
  EXPECT_THAT(run({}).err, HasSubstr("walk"));
}

TEST(RunCommand, WrongUsageNamesTheHelpToLookInto) {
  EXPECT_EQ(run({"walk", "--steps", "many"}).code, kExitError);
  EXPECT_THAT(run({"walk", "--steps", "many"}).err,
              AllOf(HasSubstr("many"), EndsWith("`prog walk --help` lists the options\n")));
  EXPECT_THAT(run({"fly"}).err, EndsWith("there is no command 'fly'; `prog --help` lists them\n"));
  EXPECT_THAT(run({"--fly"}).err, EndsWith("`prog --help` lists the options\n"));
  EXPECT_THAT(run({"fl\x1b[31my"}).err, testing::Not(HasSubstr("\x1b")));
}

TEST(RunMain, AnExceptionIsAnInternalError) {
  CaptureStderr();
  EXPECT_EQ(run_main([](int, char**) -> int { throw std::runtime_error("oh"); }, nullptr, 0, nullptr), kExitError);
  EXPECT_THAT(GetCapturedStderr(), EndsWith(": internal error: oh\n"));
}

// A program of its own, whose stdout is a full disk.
int print_to_a_full_disk(int (*run)(int, char**)) {
  if (std::freopen("/dev/full", "w", stdout) == nullptr) return 99;
  return run_main(run, nullptr, 0, nullptr);
}

TEST(RunMain, OutputThatIsLostIsAnErrorWhoeverPrintedIt) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "there is no /dev/full";
  const auto ends_with_two = ::testing::ExitedWithCode(kExitError);
  const auto by_fmt = [](int, char**) { return fmt::print("data"), 0; };
  const auto by_stream = [](int, char**) { return std::cout << "data", 1; };
  const auto much = [](int, char**) { return fmt::print("{}", std::string(1 << 20, 'x')), 0; };  // throws
  EXPECT_EXIT(std::exit(print_to_a_full_disk(by_fmt)), ends_with_two, "cannot write to standard output: No space");
  EXPECT_EXIT(std::exit(print_to_a_full_disk(by_stream)), ends_with_two, "cannot write to standard output");
  EXPECT_EXIT(std::exit(print_to_a_full_disk(much)), ends_with_two, "cannot write to standard output");
  EXPECT_EXIT(std::exit(print_to_a_full_disk([](int, char**) { return 3; })), ::testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace pg

// The commands of a build without LibTorch, whichever build this is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/cli/command.h"

namespace pg::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Ended {
  int code;
  std::string out, err;
};

Ended run(const std::vector<std::string>& arguments) {
  CLI::App app("pgref without LibTorch");
  app.name("pgref");
  Action action;
  for (const AddCommand add : torch_commands()) add(app, action);
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const int code = run_command(app, action, arguments);
  const std::string err = ::testing::internal::GetCapturedStderr();
  return {code, ::testing::internal::GetCapturedStdout(), err};
}

TEST(WithoutTorch, EveryCommandSaysWhatIsMissingAndHowToGetIt) {
  for (const char* name : {"train", "eval", "info", "parity"}) {
    const Ended ended = run({name, "--preset", "nano", "--out", "somewhere"});
    EXPECT_EQ(ended.code, kExitError) << name;
    EXPECT_THAT(ended.out, IsEmpty()) << name;
    EXPECT_THAT(ended.err, AllOf(HasSubstr(std::string("'") + name + "' needs LibTorch"), HasSubstr("ci/fetch_torch"),
                                 HasSubstr("PG_TORCH_PYTHON")));
    EXPECT_THAT(run({name, "--help"}).out, AllOf(HasSubstr("not in this build"), HasSubstr("Example")));
  }
  EXPECT_EQ(torch_commands().size(), 4U);
}

}  // namespace
}  // namespace pg::cli

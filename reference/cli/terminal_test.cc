#include "reference/cli/terminal.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "reference/base/file.h"
#include "reference/base/program.h"
#include "reference/data/test_folder.h"

namespace pg::cli {
namespace {

TEST(Terminal, AnInterruptionRemovesAFolderHoweverManyFilesItHas) {
  const data::TestFolder folder;
  folder.file("mine", "x");
  for (int i = 0; i < 3000; ++i) folder.file("made/fineweb_train_" + std::to_string(i) + ".bin.Xy1Z23", "x");
  remove_when_interrupted(folder / "made");
  remove_now();
  EXPECT_EQ(folder.names(), std::vector<std::string>{"mine"});
  remove_now();  // nothing is there any more
  folder.file("made/kept", "x");
  forget_when_interrupted();
  remove_now();
  EXPECT_TRUE(std::filesystem::exists(folder / "made/kept"));
}

TEST(Terminal, AShardThatIsCutWhileItIsReadEndsTheProgramWithALine) {
  const data::TestFolder folder;
  const auto path = folder.shard("a.bin", std::vector<std::uint16_t>(100000, 7));
  const auto read_cut = [&] {
    end_on_truncated_maps();
    const auto shard = data::TokenShard::open(path);
    std::filesystem::resize_file(path, 2000);
    std::exit(shard->tokens()[90000]);
  };
  EXPECT_EXIT(read_cut(), ::testing::ExitedWithCode(kExitError), "a mapped file .* was truncated");
}

}  // namespace
}  // namespace pg::cli

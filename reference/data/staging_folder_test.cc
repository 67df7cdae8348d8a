#include "reference/data/staging_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "reference/base/file.h"
#include "reference/data/test_folder.h"

namespace pg::data {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

StagingFolder staged(const fs::path& target, const std::string& content) {
  auto staging = StagingFolder::create(target, [](const fs::path&) {});
  EXPECT_TRUE(staging.ok() && write_file_atomic(staging->path() / "file", content).ok());
  return std::move(staging).value();
}

TEST(StagingFolder, IsThereWholeOrNotAtAll) {
  const TestFolder folder;
  fs::path begun;
  {
    const auto staging = StagingFolder::create(folder / "deep/a", [&](const fs::path& path) { begun = path; });
    ASSERT_TRUE(staging.ok());
    EXPECT_EQ(staging->path(), begun);
    EXPECT_THAT(begun.filename().string(), StartsWith(".a.pgref-"));
    EXPECT_EQ(begun.parent_path(), folder / "deep");
  }
  EXPECT_TRUE(fs::is_empty(folder / "deep"));
  ASSERT_TRUE(staged(folder / "deep/a", "new").commit(false).ok());
  EXPECT_EQ(*read_file(folder / "deep/a/file", 100), "new");
  EXPECT_THAT(staged(folder / "deep/a", "newer").commit(false).error().message, HasSubstr("cannot rename"));
  EXPECT_EQ(*read_file(folder / "deep/a/file", 100), "new");
}

TEST(StagingFolder, ReplacesInOneStepOrByRenaming) {
  const TestFolder folder;
  for (const bool can_exchange : {true, false}) {
    ASSERT_TRUE(staged(folder / "a", "old").commit(true, can_exchange).ok());
    ASSERT_TRUE(staged(folder / "a", "new").commit(true, can_exchange).ok());
    EXPECT_EQ(*read_file(folder / "a/file", 100), "new");
    EXPECT_THAT(folder.names(), ElementsAre("a"));
  }
}

TEST(StagingFolder, TheOldOneStaysWhenReplacingFails) {
  const TestFolder folder;
  ASSERT_TRUE(staged(folder / "a", "old").commit(false).ok());
  for (const bool can_exchange : {true, false}) {
    StagingFolder gone = staged(folder / "a", "new");
    fs::remove_all(gone.path());
    EXPECT_THAT(gone.commit(true, can_exchange).error().message, AllOf(HasSubstr("cannot rename"), HasSubstr("/a")));
    EXPECT_EQ(*read_file(folder / "a/file", 100), "old");
    EXPECT_THAT(folder.names(), ElementsAre("a"));
  }
}

TEST(StagingFolder, WhatAKilledRunLeftIsRemovedAndNothingElse) {
  const TestFolder folder;
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const char* name : {".a.pgref-Xy12z9", ".a.pgref-running", ".a.Xy12z9", ".a.backup", ".b.pgref-Xy12z9"}) {
    folder.file(std::string(name) + "/train.txt", "x");
    fs::last_write_time(folder / name, long_ago);
  }
  folder.folder(".a.pgref-recent");
  const StagingFolder held = staged(folder / "a", "x");
  fs::last_write_time(held.path(), long_ago);
  ASSERT_TRUE(staged(folder / "a", "y").commit(false).ok());
  EXPECT_THAT(folder.names(), UnorderedElementsAre("a", ".a.pgref-running", ".a.Xy12z9", ".a.backup", ".b.pgref-Xy12z9",
                                                   ".a.pgref-recent", held.path().filename().string()));
}

TEST(StagingFolder, NamesAreTakenAsTheyAreMeant) {
  const TestFolder folder;
  EXPECT_EQ(*new_folder_name("new/"), "new");
  EXPECT_EQ(*new_folder_name("a/new//"), "a/new");
  EXPECT_EQ(*new_folder_name("/a/new"), "/a/new");
  EXPECT_EQ(*new_folder_name("../new"), "../new");
  for (const char* bad : {"", "/", "//", ".", "./", "..", "a/..", "../"})
    EXPECT_THAT(new_folder_name(bad).error().message, HasSubstr("no name for a new folder")) << bad;
  folder.folder("real");
  fs::create_directory_symlink("real", folder / "link");
  fs::create_directory_symlink("nothing", folder / "dangling");
  EXPECT_EQ(*new_folder_name((folder / "link").string() + "/"), folder / "real");
  EXPECT_THAT(new_folder_name(folder / "dangling").error().message, HasSubstr("link to nothing"));
}

}  // namespace
}  // namespace pg::data

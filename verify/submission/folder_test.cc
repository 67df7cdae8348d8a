#include "verify/submission/folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

class FolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pg_folder_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const fs::path& path, std::string_view text = "x") {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  FolderListing list() {
    auto listing = list_folder(root_);
    EXPECT_TRUE(listing.ok());
    return std::move(listing).value();
  }
  static std::vector<std::string> paths(const FolderListing& listing) {
    std::vector<std::string> names;
    for (const FileEntry& file : listing.files) names.push_back(file.path);
    return names;
  }

  fs::path root_;
};

TEST_F(FolderTest, ListsRegularFilesSortedWithSizes) {
  write("train_gpt.py", "print()");
  write("logs/train0.txt", "");
  write("README.md", "hi");
  const auto listing = list();
  EXPECT_EQ(paths(listing), (std::vector<std::string>{"README.md", "logs/train0.txt", "train_gpt.py"}));
  ASSERT_NE(listing.find("train_gpt.py"), nullptr);
  EXPECT_EQ(listing.find("train_gpt.py")->bytes, 7U);
  EXPECT_EQ(listing.find("logs/train0.txt")->bytes, 0U);
  EXPECT_EQ(listing.find("logs"), nullptr);
  EXPECT_EQ(listing.find(""), nullptr);
  EXPECT_TRUE(listing.problems.empty());
}

TEST_F(FolderTest, KeepsNamesByteForByte) {
  write("a b.log");
  write("new\nline.txt");
  write("bad\xff\xfe.py");
  write(".hidden/x");
  EXPECT_EQ(paths(list()), (std::vector<std::string>{".hidden/x", "a b.log", "bad\xff\xfe.py", "new\nline.txt"}));
}

TEST_F(FolderTest, NeverFollowsLinks) {
  write("real.txt");
  fs::create_symlink("/etc/passwd", root_ / "train.log");
  fs::create_directory_symlink("/etc", root_ / "etc");
  fs::create_directory_symlink("..", root_ / "loop");
  fs::create_symlink("nowhere", root_ / "dangling");
  const auto listing = list();
  EXPECT_EQ(paths(listing), std::vector<std::string>{"real.txt"});
  ASSERT_EQ(listing.problems.size(), 4U);
  EXPECT_NE(listing.problems[3].find("train.log: symbolic link"), std::string::npos) << listing.problems[3];
}

TEST_F(FolderTest, ReportsPipesWithoutOpeningThem) {
  ASSERT_EQ(::mkfifo((root_ / "pipe\x1b").c_str(), 0600), 0);
  const auto listing = list();
  EXPECT_TRUE(listing.files.empty());
  ASSERT_EQ(listing.problems.size(), 1U);
  EXPECT_EQ(listing.problems[0].find('\x1b'), std::string::npos);
}

TEST_F(FolderTest, LeavesGitOut) {
  write(".git/config");
  write("sub/.git");
  write(".gitignore");
  EXPECT_EQ(paths(list()), std::vector<std::string>{".gitignore"});
}

TEST_F(FolderTest, StopsAtTheDepthLimit) {
  write("1/2/3/4/5/6/7/ok.txt");
  write("1/2/3/4/5/6/7/8/deep.txt");
  const auto listing = list();
  EXPECT_EQ(paths(listing), std::vector<std::string>{"1/2/3/4/5/6/7/ok.txt"});
  EXPECT_EQ(listing.problems.size(), 1U);
}

TEST_F(FolderTest, AHugeSubfolderDoesNotHideTheTop) {
  fs::create_directory(root_ / "a");
  for (int i = 0; i < 10'050; ++i) std::ofstream(root_ / "a" / std::to_string(i));
  write("submission.json");
  const auto listing = list();
  EXPECT_NE(listing.find("submission.json"), nullptr);
  EXPECT_LE(listing.files.size(), 10'000U);
  EXPECT_EQ(listing.problems.size(), 1U);
}

TEST_F(FolderTest, NamesTheFolderThatIsMissing) {
  const auto missing = list_folder(root_ / "nope");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("nope"), std::string::npos);
  write("file");
  EXPECT_FALSE(list_folder(root_ / "file").ok());
}

}  // namespace
}  // namespace pg::verify

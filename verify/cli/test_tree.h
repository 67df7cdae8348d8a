#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace pg::verify {

// A folder of its own for one test, removed at the end.
class TestTree {
 public:
  TestTree() {
    std::string name = (std::filesystem::path(::testing::TempDir()) / "pg_tree_XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root_ = std::filesystem::canonical(name);
  }
  ~TestTree() {
    std::error_code error;
    std::filesystem::remove_all(root_, error);
  }
  TestTree(const TestTree&) = delete;
  TestTree& operator=(const TestTree&) = delete;

  const std::filesystem::path& root() const { return root_; }
  void folder(const std::string& path) { std::filesystem::create_directories(root_ / path); }
  void file(const std::string& path, const std::string& content = "x\n") {
    ASSERT_FALSE(path.starts_with('/'));  // root_ / "/x" would be /x
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << content;
  }
  // A file of `bytes` zeros that takes no room on disk.
  void sparse_file(const std::string& path, std::uintmax_t bytes) {
    file(path, "");
    std::filesystem::resize_file(root_ / path, bytes);
  }
  // A small folder in the contest's shape; "." is the tree's own.
  void submission(const std::string& path) {
    file(path + "/README.md", "# A submission\n\nval_bpb: 1.2345\n");
    file(path + "/submission.json", R"({"name": "A", "author": "B", "github_id": "c", "val_bpb": 1.2345})"
                                    "\n");
    file(path + "/train_gpt.py", "print('hello')\n");
  }

 private:
  std::filesystem::path root_;
};

}  // namespace pg::verify

#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace pg {

// A folder of its own for one test, gone with it.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::path(::testing::TempDir()) / "pg_test.XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr) << pattern;
    root_ = std::filesystem::canonical(pattern);
  }
  ~TestFolder() {
    std::error_code error;
    std::filesystem::remove_all(root_, error);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path operator/(const std::string& name) const { return root_ / name; }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(root_)) found.push_back(entry.path().filename());
    return found;
  }

  void folder(const std::string& path) const { std::filesystem::create_directories(root_ / path); }
  // With the folders on the way to it.
  void file(const std::string& path, const std::string& content = "x\n") const {
    ASSERT_FALSE(path.starts_with('/'));  // root_ / "/x" would be /x
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << content;
  }
  // A file of `bytes` zeros that takes no room on disk.
  void sparse_file(const std::string& path, std::uintmax_t bytes) const {
    file(path, "");
    std::filesystem::resize_file(root_ / path, bytes);
  }

 private:
  std::filesystem::path root_;
};

}  // namespace pg

#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "reference/data/token_shard.h"

namespace pg::data {

// A folder of its own for one test, gone with it.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pg_data.XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
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

  std::filesystem::path shard(const std::string& name, const std::vector<std::uint16_t>& tokens) const {
    auto writer = ShardWriter::create(root_ / name);
    EXPECT_TRUE(writer.ok() && writer->write(tokens).ok() && writer->finish().ok()) << name;
    return root_ / name;
  }

 private:
  std::filesystem::path root_;
};

}  // namespace pg::data

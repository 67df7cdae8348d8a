#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "reference/base/file.h"

namespace pg::verify {

// Compares with a committed file; PG_UPDATE_GOLDEN=1 in the environment writes it instead, for review as a diff.
inline void expect_golden(const std::string& path, const std::string& actual) {
  const std::filesystem::path file = std::filesystem::path(PG_SOURCE_DIR) / path;
  if (const char* update = std::getenv("PG_UPDATE_GOLDEN"); update != nullptr && *update == '1') {
    std::filesystem::create_directories(file.parent_path());
    ASSERT_TRUE(write_file_atomic(file, actual));
    return;
  }
  const auto expected = read_file(file, 1 << 24);
  ASSERT_TRUE(expected) << expected.error().message << "; run the test with PG_UPDATE_GOLDEN=1 to write it";
  EXPECT_EQ(*expected, actual) << path << " differs; run the test with PG_UPDATE_GOLDEN=1 and review the diff";
}

}  // namespace pg::verify

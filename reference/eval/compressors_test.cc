#include "reference/eval/compressors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

namespace pg::eval {
namespace {

// Words of a made-up language with Zipf's frequencies.
std::string text_of(std::size_t bytes, unsigned seed) {
  std::minstd_rand random(seed);
  std::string out;
  while (out.size() < bytes) {
    std::minstd_rand letters(2000 / (1 + random() % 2000));
    for (auto left = 2 + letters() % 7; left > 0; --left) out += static_cast<char>('a' + letters() % 26);
    out += random() % 12 ? ' ' : '\n';
  }
  return out;
}

// Output bytes of a shell command, or nothing where its tool is not installed.
std::optional<std::uint64_t> tool_bytes(const std::string& tool, const std::string& command) {
  if (std::system(("command -v " + tool + " >/dev/null").c_str()) != 0) return std::nullopt;
  FILE* pipe = popen((command + " | wc -c").c_str(), "r");
  unsigned long long bytes = 0;
  const bool read = pipe != nullptr && std::fscanf(pipe, "%llu", &bytes) == 1;
  if (pipe != nullptr) pclose(pipe);
  return read ? std::optional<std::uint64_t>(bytes) : std::nullopt;
}

class Tools : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("pg_compressors_" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(folder_);
    val_ = text_of(80'000, 1);
    train_ = text_of(160'000, 2) + val_.substr(1000, 20'000);
    std::ofstream(folder_ / "val", std::ios::binary) << val_;
    std::ofstream(folder_ / "train", std::ios::binary) << train_;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const char* name) const { return "'" + (folder_ / name).string() + "'"; }

  std::filesystem::path folder_;
  std::string val_, train_;
};

TEST_F(Tools, XzIsTheToolsSize) {
  const auto tool = tool_bytes("xz", "xz -9e -c " + path("val"));
  if (!tool) GTEST_SKIP() << "xz is not installed";
  EXPECT_EQ(*xz_size(val_), *tool);
}

TEST_F(Tools, ZstdIsTheToolsSize) {
  const auto tool = tool_bytes("zstd", "zstd -q --ultra -22 -c " + path("val"));
  if (!tool) GTEST_SKIP() << "zstd is not installed";
  EXPECT_NEAR(static_cast<double>(*zstd_size(val_)), static_cast<double>(*tool), 16);
}

TEST_F(Tools, ZstdWithDictionaryIsTheToolsSize) {
  const auto tool = tool_bytes("zstd", "zstd -q --ultra -22 --patch-from=" + path("train") + " -c " + path("val"));
  if (!tool) GTEST_SKIP() << "zstd is not installed";
  EXPECT_NEAR(static_cast<double>(*zstd_size(val_, train_)), static_cast<double>(*tool), 16);
  EXPECT_LT(*zstd_size(val_, train_), *zstd_size(val_) - 2000);
}

TEST_F(Tools, BrotliIsTheToolsSize) {
  const auto tool = tool_bytes("brotli", "brotli -q 11 -c " + path("val"));
  if (!tool) GTEST_SKIP() << "brotli is not installed";
  EXPECT_NEAR(static_cast<double>(*brotli_size(val_)), static_cast<double>(*tool), 16);
}

TEST_F(Tools, RowsCarryTheSizesOfTheirTools) {
  const auto rows = compare_with_compressors(val_, train_, 2);
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 3u);
  const std::uint64_t sizes[] = {*xz_size(val_), *zstd_size(val_), *brotli_size(val_)};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*rows)[i].bytes, sizes[i]);
    EXPECT_DOUBLE_EQ((*rows)[i].bpb, 8.0 * static_cast<double>(sizes[i]) / static_cast<double>(val_.size()));
  }
  EXPECT_EQ((*rows)[1].primed_bytes, *zstd_size(val_, train_));
  EXPECT_FALSE((*rows)[0].primed_bytes);
  const std::string table = compressor_table(*rows, val_.size(), 1.2345);
  EXPECT_THAT(table, ::testing::HasSubstr("1.2345"));
  EXPECT_THAT(table, ::testing::HasSubstr("brotli -q 11"));
}

TEST(Compressors, WithoutTrainingTextThereIsNoDictionary) {
  const auto rows = compare_with_compressors("a short text", "");
  ASSERT_TRUE(rows.ok());
  for (const CompressorRow& row : *rows) EXPECT_FALSE(row.primed_bytes) << row.tool;
}

TEST(Compressors, NothingCompressesToAHeader) {
  EXPECT_LE(*xz_size(""), 32u);
  EXPECT_LE(*zstd_size(""), 32u);
  EXPECT_LE(*brotli_size(""), 32u);
}

}  // namespace
}  // namespace pg::eval

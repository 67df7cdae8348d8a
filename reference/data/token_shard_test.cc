#include "reference/data/token_shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "reference/base/file.h"
#include "reference/data/shard_set.h"
#include "reference/data/test_folder.h"

namespace pg::data {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string header_of(std::int32_t magic, std::int32_t version, std::int32_t count) {
  std::string header(kShardHeaderBytes, '\0');
  const std::int32_t words[3] = {magic, version, count};
  std::memcpy(header.data(), words, sizeof words);
  return header;
}

std::string error_of_file(const TestFolder& folder, const std::string& bytes) {
  EXPECT_TRUE(write_file_atomic(folder / "broken.bin", bytes).ok());
  const auto shard = TokenShard::open(folder / "broken.bin");
  return shard ? "" : shard.error().message;
}

TEST(TokenShard, ReadsWhatWasWritten) {
  const TestFolder folder;
  const fs::path path = folder.shard("a.bin", {1, 2, 1023, 65535});
  EXPECT_EQ(fs::file_size(path), 1024U + 8U);
  auto shard = TokenShard::open(path);
  ASSERT_TRUE(shard.ok());
  const TokenShard moved = std::move(*shard);
  EXPECT_THAT(moved.tokens(), ElementsAre(1, 2, 1023, 65535));
  EXPECT_THAT(folder.names(), ElementsAre("a.bin"));
}

TEST(TokenShard, HasTheBytesOfTheOriginalFormat) {
  const TestFolder folder;
  const auto bytes = read_file(folder.shard("a.bin", {0x0102, 3}), 4096);
  EXPECT_EQ(*bytes, header_of(20240520, 1, 2) + std::string("\x02\x01\x03\x00", 4));
}

TEST(TokenShard, BrokenFilesAreErrorsThatNameFilePlaceAndWayOut) {
  const TestFolder folder;
  const auto says = [&](const std::string& bytes, const std::string& what) {
    EXPECT_THAT(error_of_file(folder, bytes),
                AllOf(HasSubstr("broken.bin"), HasSubstr(what), HasSubstr("pgref fetch")));
  };
  says("", "0 bytes are less than the header");
  says(std::string(1023, '\0'), "1023 bytes are less");
  says(header_of(20240521, 1, 0), "word 0 (byte 0) is 20240521, not the magic number 20240520");
  says(header_of(kShardMagic, 2, 0), "version 2");
  says(header_of(kShardMagic, 1, -1), "-1 tokens");
  says(header_of(kShardMagic, 1, 2) + "abc", "should have 1028 bytes and has 1027 (truncated)");
  says(header_of(kShardMagic, 1, 2) + "abcde", "has 1029 (too long)");
  says(header_of(kShardMagic, 1, 0x7FFFFFFF), "should have 4294968318 bytes");
}

TEST(TokenShard, MissingFilesFoldersAndFifosAreErrors) {
  const TestFolder folder;
  EXPECT_THAT(TokenShard::open(folder / "none.bin").error().message, HasSubstr("No such file"));
  EXPECT_THAT(TokenShard::open(folder.root()).error().message, HasSubstr("not a regular file"));
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(TokenShard::open(folder / "fifo").error().message, HasSubstr("not a regular file"));
}

TEST(TokenShard, AnIdBeyondTheVocabularyIsNamedWithItsPlace) {
  const TestFolder folder;
  std::vector<std::uint16_t> tokens(40000, 7);
  tokens[33333] = 1024;
  const auto shard = TokenShard::open(folder.shard("a.bin", tokens));
  EXPECT_TRUE(check_vocabulary(*shard, 1025).ok());
  EXPECT_TRUE(check_vocabulary(*shard, 65536).ok());
  EXPECT_THAT(check_vocabulary(*shard, 1024).error().message,
              AllOf(HasSubstr("a.bin: token 33333 (byte 67690) is id 1024"), HasSubstr("another tokenizer")));
}

// In a child process, because the limit on file sizes (what a full disk looks like to write()) is the process's.
TEST(ShardWriter, AFullDiskIsAnErrorAndLeavesTheOldShard) {
  const TestFolder folder;
  folder.shard("a.bin", {5});
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto writer = ShardWriter::create(folder / "a.bin");
    const std::vector<std::uint16_t> tokens(10000, 1);
    const Status written = writer->write(tokens);
    const bool named = !written.ok() && written.error().message.find("a.bin") != std::string::npos &&
                       written.error().message.find("make room") != std::string::npos;
    writer.value().~ShardWriter();
    ::_exit(named ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(folder.names(), ElementsAre("a.bin"));
  EXPECT_THAT(TokenShard::open(folder / "a.bin")->tokens(), ElementsAre(5));
}

TEST(ShardWriter, LeavesNothingWithoutFinish) {
  const TestFolder folder;
  { EXPECT_TRUE(ShardWriter::create(folder / "a.bin")->write(std::vector<std::uint16_t>(9)).ok()); }
  EXPECT_THAT(folder.names(), IsEmpty());
  EXPECT_THAT(ShardWriter::create(folder / "none" / "a.bin").error().message, HasSubstr("No such file"));
}

TEST(ShardSet, FindsShardsByPatternSortedByName) {
  const TestFolder folder;
  for (const char* name : {"fineweb_val_000000.bin", "fineweb_train_000010.bin", "fineweb_train_000002.bin", "x.bin"})
    folder.shard(name, {1});
  const auto found = find_shards(folder.root(), kTrainPattern);
  EXPECT_THAT(*found, ElementsAre(folder / "fineweb_train_000002.bin", folder / "fineweb_train_000010.bin"));
  EXPECT_THAT(find_shards(folder.root(), "tokens_*.bin").error().message, HasSubstr("no file tokens_*.bin in"));
  EXPECT_THAT(find_shards(folder / "none", kValPattern).error().message, HasSubstr("pgref corpus"));
}

TEST(ShardSet, ValidationTokensAreCutToWholeSequencesAndOneMore) {
  const TestFolder folder;
  const std::vector<fs::path> shards = {folder.shard("v0.bin", {1, 2, 3}), folder.shard("v1.bin", {4, 5, 6, 7})};
  EXPECT_THAT(*load_validation_tokens(shards, 2, 8), ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(*load_validation_tokens(shards, 4, 8), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(*load_validation_tokens(shards, 6, 8), ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(load_validation_tokens(shards, 7, 8).error().message,
              HasSubstr("7 tokens, too few for one sequence of 7"));
  EXPECT_THAT(load_validation_tokens(shards, 2, 7).error().message, HasSubstr("v1.bin: token 3"));
  EXPECT_FALSE(load_validation_tokens({}, 2, 7).ok());
}

}  // namespace
}  // namespace pg::data

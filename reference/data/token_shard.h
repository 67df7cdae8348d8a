#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "reference/base/output_file.h"
#include "reference/base/result.h"

namespace pg::data {

// A token shard of the challenge (data/download_hf_docs_and_tokenize.py of its repository): a header of 256
// little-endian int32 ([0] = 20240520, [1] = 1, [2] = number of tokens, the rest 0), then that many little-endian
// uint16 and nothing else.
inline constexpr std::int32_t kShardMagic = 20240520;
inline constexpr std::int32_t kShardVersion = 1;
inline constexpr std::size_t kShardHeaderBytes = 1024;
inline constexpr std::size_t kTokensPerShard = 100'000'000;  // what the published exports cut at

// Checks the header against the size of the file it came from; returns the number of tokens. `header`: the file's
// first bytes, at most kShardHeaderBytes of them. `name` goes into the Error.
Result<std::size_t> parse_shard_header(std::string_view header, std::uint64_t file_bytes, const std::string& name);

// A shard mapped into memory, read only. Copies are not allowed, moves keep the tokens where they are. The size is
// checked when it is opened: reading tokens of a file that somebody cuts short after that is a SIGBUS (pgref's handler
// says so and ends the program). Files that are replaced by a rename, as all of pgref's are, stay whole.
class TokenShard {
 public:
  static Result<TokenShard> open(const std::filesystem::path& path);
  TokenShard(TokenShard&& other) noexcept;
  TokenShard& operator=(TokenShard&& other) noexcept;
  ~TokenShard();

  const std::filesystem::path& path() const { return path_; }
  std::size_t size() const { return size_; }
  std::span<const std::uint16_t> tokens() const;

 private:
  TokenShard() = default;

  std::filesystem::path path_;
  void* map_ = nullptr;
  std::size_t map_bytes_ = 0, size_ = 0;
};

// The first token that is no id of a vocabulary of `vocab_size`, as an Error naming shard, place and id. Reads
// everything: about 10 GB/s from memory.
Status check_vocabulary(const TokenShard& shard, std::size_t vocab_size);

// Writes a shard under a temporary name beside `path`; finish() fills in the count, flushes to disk and renames.
// Readers see the whole shard or none, and whatever goes wrong (a full disk) is an Error that leaves nothing behind.
class ShardWriter {
 public:
  static Result<ShardWriter> create(const std::filesystem::path& path);
  Status write(std::span<const std::uint16_t> tokens);
  Status finish();
  std::size_t size() const { return count_; }

 private:
  ShardWriter(std::filesystem::path path, OutputFile file) : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  OutputFile file_;
  std::size_t count_ = 0;
};

}  // namespace pg::data

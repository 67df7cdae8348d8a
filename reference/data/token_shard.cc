#include "reference/data/token_shard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "reference/base/descriptor.h"
#include "reference/base/text.h"

namespace pg::data {
namespace {

static_assert(std::endian::native == std::endian::little, "shards are mapped as they lie on disk");

constexpr const char* kWayOut = "download it again (pgref fetch) or make it again (pgref corpus)";

std::int32_t int_at(std::string_view header, std::size_t index) {
  std::int32_t value;
  std::memcpy(&value, header.data() + 4 * index, sizeof value);
  return value;
}

Error io_error(const char* what, const std::filesystem::path& path) {
  return Error{fmt::format("cannot {} {}: {}", what, escape_line(path.string()), std::strerror(errno))};
}

}  // namespace

Result<std::size_t> parse_shard_header(std::string_view header, std::uint64_t file_bytes, const std::string& name) {
  const auto bad = [&](const std::string& what) {
    return Error{fmt::format("{}: {}; it is no token shard or a broken one: {}", escape_line(name), what, kWayOut)};
  };
  if (file_bytes < kShardHeaderBytes || header.size() < kShardHeaderBytes)
    return bad(fmt::format("{} bytes are less than the header of {}", file_bytes, kShardHeaderBytes));
  if (int_at(header, 0) != kShardMagic)
    return bad(fmt::format("header word 0 (byte 0) is {}, not the magic number {}", int_at(header, 0), kShardMagic));
  if (int_at(header, 1) != kShardVersion)
    return bad(fmt::format("header word 1 (byte 4) is version {}; this program reads version {}", int_at(header, 1),
                           kShardVersion));
  if (int_at(header, 2) < 0) return bad(fmt::format("header word 2 (byte 8) gives {} tokens", int_at(header, 2)));
  const auto tokens = static_cast<std::uint64_t>(int_at(header, 2));
  const std::uint64_t expected = kShardHeaderBytes + 2 * tokens;
  if (file_bytes != expected)
    return bad(fmt::format("header word 2 (byte 8) gives {} tokens, so the file should have {} bytes and has {} ({})",
                           tokens, expected, file_bytes, file_bytes < expected ? "truncated" : "too long"));
  return static_cast<std::size_t>(tokens);
}

Result<TokenShard> TokenShard::open(const std::filesystem::path& path) {
  // O_NONBLOCK: a FIFO must not wait for a writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return io_error("open the token shard", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return io_error("stat", path);
  if (!S_ISREG(info.st_mode)) return Error{fmt::format("{} is not a regular file", escape_line(path.string()))};
  std::array<char, kShardHeaderBytes> header;
  const ssize_t got = ::pread(file.get(), header.data(), header.size(), 0);
  if (got < 0) return io_error("read", path);
  const auto file_bytes = static_cast<std::uint64_t>(info.st_size);
  const auto tokens =
      parse_shard_header(std::string_view(header.data(), static_cast<std::size_t>(got)), file_bytes, path.string());
  if (!tokens) return tokens.error();
  TokenShard shard;
  shard.path_ = path;
  shard.size_ = *tokens;
  void* map = ::mmap(nullptr, file_bytes, PROT_READ, MAP_SHARED, file.get(), 0);
  if (map == MAP_FAILED) return io_error("map", path);
  shard.map_ = map;
  shard.map_bytes_ = file_bytes;
  return shard;
}

TokenShard::TokenShard(TokenShard&& other) noexcept {
  *this = std::move(other);
}

TokenShard& TokenShard::operator=(TokenShard&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(map_, other.map_);
  std::swap(map_bytes_, other.map_bytes_);
  std::swap(size_, other.size_);
  return *this;
}

TokenShard::~TokenShard() {
  if (map_ != nullptr) ::munmap(map_, map_bytes_);
}

std::span<const std::uint16_t> TokenShard::tokens() const {
  const char* first = static_cast<const char*>(map_) + kShardHeaderBytes;
  return {reinterpret_cast<const std::uint16_t*>(first), size_};
}

Status check_vocabulary(const TokenShard& shard, std::size_t vocab_size) {
  const auto tokens = shard.tokens();
  constexpr std::size_t kBlock = 1 << 14;
  for (std::size_t begin = 0; begin < tokens.size() && vocab_size <= 0xFFFF; begin += kBlock) {
    const auto block = tokens.subspan(begin, std::min(kBlock, tokens.size() - begin));
    std::uint16_t highest = 0;  // a plain maximum is a loop the compiler vectorises
    for (const std::uint16_t token : block) highest = std::max(highest, token);
    if (highest < vocab_size) continue;
    const auto bad = std::find_if(block.begin(), block.end(), [&](std::uint16_t token) { return token >= vocab_size; });
    const std::size_t at = begin + static_cast<std::size_t>(bad - block.begin());
    return Error{
        fmt::format("{}: token {} (byte {}) is id {}, but the vocabulary has {} ids: the shard was made with another "
                    "tokenizer. Give the tokenizer and the vocabulary size that belong to these shards",
                    escape_line(shard.path().string()), at, kShardHeaderBytes + 2 * at, *bad, vocab_size)};
  }
  return {};
}

Result<ShardWriter> ShardWriter::create(const std::filesystem::path& path) {
  auto file = OutputFile::create(path);
  if (!file) return file.error();
  const std::string header(kShardHeaderBytes, '\0');  // no magic yet: an unfinished file is no shard
  if (const Status written = file->write(header); !written) return written.error();
  return ShardWriter(path, std::move(*file));
}

Status ShardWriter::write(std::span<const std::uint16_t> tokens) {
  if (count_ + tokens.size() > 0x7FFFFFFF)
    return Error{fmt::format("{}: a shard holds at most 2,147,483,647 tokens", escape_line(path_.string()))};
  if (const Status written = file_.write(tokens.data(), tokens.size_bytes()); !written) return written;
  count_ += tokens.size();
  return {};
}

Status ShardWriter::finish() {
  const std::array<std::int32_t, 3> header = {kShardMagic, kShardVersion, static_cast<std::int32_t>(count_)};
  if (const Status s = file_.overwrite(0, {reinterpret_cast<const char*>(header.data()), sizeof header}); !s) return s;
  return file_.commit();
}

}  // namespace pg::data

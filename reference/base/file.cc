#include "reference/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "reference/base/descriptor.h"
#include "reference/base/output_file.h"
#include "reference/base/text.h"

namespace pg {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;

Error io_error(const char* what, const std::filesystem::path& path) {
  return Error{fmt::format("cannot {} {}: {}", what, escape_line(path.string()), std::strerror(errno))};
}

}  // namespace

Result<std::uint64_t> read_chunks(const std::filesystem::path& path,
                                  const std::function<bool(std::string_view)>& sink) {
  // O_NONBLOCK: opening a FIFO nobody writes to must not wait for a writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return io_error("open", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return io_error("stat", path);
  if (!S_ISREG(info.st_mode)) return Error{fmt::format("{} is not a regular file", escape_line(path.string()))};
  const auto buffer = std::make_unique<char[]>(kChunkBytes);
  std::uint64_t total = 0;
  while (true) {
    const ssize_t n = ::read(file.get(), buffer.get(), kChunkBytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("read", path);
    if (n == 0) return total;
    total += static_cast<std::uint64_t>(n);
    if (!sink(std::string_view(buffer.get(), static_cast<std::size_t>(n)))) return total;
  }
}

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  std::string content;
  bool too_large = false;
  const auto read = read_chunks(path, [&](std::string_view chunk) {
    too_large = content.size() + chunk.size() > max_bytes;
    if (!too_large) content += chunk;
    return !too_large;
  });
  if (!read) return read.error();
  if (too_large) return Error{fmt::format("{} is larger than {} bytes", escape_line(path.string()), max_bytes)};
  return content;
}

Status write_file_atomic(const std::filesystem::path& path, std::string_view bytes) {
  auto file = OutputFile::create(path);
  if (!file) return file.error();
  if (const Status written = file->write(bytes); !written) return written;
  return file->commit();
}

}  // namespace pg

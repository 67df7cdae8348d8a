#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "reference/base/result.h"

namespace pg {

// A file that is there whole or not at all: written under a temporary name beside its place, flushed to disk and
// renamed by commit(). Whatever goes wrong (a full disk) is an Error, leaves what was there before, and removes the
// temporary file, as the destructor does. A link is followed; a device, a pipe or a folder in that place is an Error.
class OutputFile {
 public:
  static Result<OutputFile> create(const std::filesystem::path& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  Status write(const void* bytes, std::size_t count);
  Status write(std::string_view bytes) { return write(bytes.data(), bytes.size()); }
  // Writes over bytes that are written already, such as a count in a header.
  Status overwrite(std::uint64_t at, std::string_view bytes);
  std::uint64_t size() const { return size_; }
  // For a signal handler to remove.
  const std::string& temporary() const { return temporary_; }
  Status commit();

 private:
  OutputFile() = default;
  Error failed(std::string_view what) const;

  std::filesystem::path path_;
  std::string temporary_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace pg

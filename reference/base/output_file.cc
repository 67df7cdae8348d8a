#include "reference/base/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "reference/base/text.h"

namespace pg {
namespace {

// As mkstemp, but with the mode of an ordinary file: the kernel applies the umask, which a program can read only by
// setting it, for all its threads.
int open_temporary(std::string& name) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  for (int tries = 0; tries < 100; ++tries) {
    unsigned char drawn[6];
    if (::getrandom(drawn, sizeof drawn, 0) != sizeof drawn) return -1;
    for (std::size_t i = 0; i < sizeof drawn; ++i)
      name[name.size() - sizeof drawn + i] = kLetters[drawn[i] % kLetters.size()];
    const int fd = ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

}  // namespace

Error OutputFile::failed(std::string_view what) const {
  const int problem = errno;
  std::string message = fmt::format("cannot {} {}: {}", what, escape_line(path_.string()), std::strerror(problem));
  if (problem == ENOSPC || problem == EDQUOT || problem == EFBIG)
    message += fmt::format(" after {} bytes; make room and try again, what was there before is untouched",
                           with_commas(static_cast<std::int64_t>(size_)));
  return Error{message};
}

Result<OutputFile> OutputFile::create(const std::filesystem::path& path) {
  OutputFile file;
  file.path_ = path;
  std::error_code error;
  if (!path.has_filename()) return Error{fmt::format("{} is a folder; name a file", escape_line(path.string()))};
  // The rename would put a file where a link or a device is.
  if (std::filesystem::is_symlink(path, error)) file.path_ = std::filesystem::weakly_canonical(path, error);
  const auto status = std::filesystem::status(file.path_, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    return Error{fmt::format("{} is no regular file and is left alone; name another", escape_line(path.string()))};
  file.temporary_ = file.path_.string() + ".XXXXXX";
  file.fd_ = open_temporary(file.temporary_);
  if (file.fd_ >= 0) return file;
  file.temporary_.clear();
  return file.failed("create a temporary file beside");
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, std::string())),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_) {}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status OutputFile::write(const void* bytes, std::size_t count) {
  constexpr std::size_t kMost = 1 << 30;  // what Linux writes in one call at most is 2 GiB - 4 KiB
  const char* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t n = ::write(fd_, next, std::min(count, kMost));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write");
    next += n;
    count -= static_cast<std::size_t>(n);
    size_ += static_cast<std::uint64_t>(n);
  }
  return {};
}

Status OutputFile::overwrite(std::uint64_t at, std::string_view bytes) {
  const auto written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
  return written == static_cast<ssize_t>(bytes.size()) ? Status() : failed("write");
}

Status OutputFile::commit() {
  if (::fsync(fd_) != 0) return failed("flush");
  const int fd = std::exchange(fd_, -1);
  if (::close(fd) != 0) return failed("close");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failed("replace");
  temporary_.clear();
  // The rename itself reaches the disk with the folder.
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  if (const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
  return {};
}

}  // namespace pg

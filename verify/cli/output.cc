#include "verify/cli/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "reference/base/program.h"
#include "reference/base/text.h"

namespace pg::verify {
namespace {

// The file that a signal handler has to remove; a handler may touch nothing but such plain memory.
constexpr std::size_t kMaxPath = 4096;
char g_unfinished[kMaxPath];
std::atomic<bool> g_has_unfinished{false};

void remember_unfinished(const std::string& path) {
  g_has_unfinished = false;
  if (path.empty() || path.size() >= kMaxPath) return;
  std::memcpy(g_unfinished, path.c_str(), path.size() + 1);
  g_has_unfinished = true;
}

bool is_special_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

}  // namespace

Status distinct_outputs(const std::vector<NamedOutput>& outputs) {
  namespace fs = std::filesystem;
  const auto is_stdout = [](const std::string& path) { return path.empty() || path == "-"; };
  const auto same_file = [](const std::string& a, const std::string& b) {
    std::error_code error;
    if (fs::equivalent(a, b, error)) return true;  // hard links too
    const auto real = [&](const std::string& path) {
      return fs::weakly_canonical(fs::absolute(path, error), error).lexically_normal();
    };
    return real(a) == real(b);
  };
  for (std::size_t i = 0; i < outputs.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) {
      const std::string &a = outputs[k].path, &b = outputs[i].path;
      if (is_stdout(a) != is_stdout(b)) continue;
      if (!is_stdout(a) && (is_special_file(a) || !same_file(a, b))) continue;
      return Error{fmt::format("{} and {} both write to {}: give each a file of its own",
                               escape_line(outputs[k].option), escape_line(outputs[i].option),
                               is_stdout(a) ? "standard output" : escape_line(b, 500))};
    }
  return {};
}

void remove_unfinished_output() {
  if (g_has_unfinished) ::unlink(g_unfinished);
}

Output::~Output() {
  if (fd_ >= 0) ::close(fd_);
  if (!file_) return;
  file_.reset();
  remember_unfinished("");
}

Error Output::failed(const char* what) const {
  return Error{fmt::format("cannot {} {}: {}", what, path_.empty() ? "standard output" : escape_line(path_, 500),
                           std::strerror(errno))};
}

Status Output::open(const std::string& path) {
  if (path.empty() || path == "-") return {};
  path_ = path;
  std::error_code error;
  if (std::filesystem::is_symlink(path, error)) path_ = std::filesystem::weakly_canonical(path, error).string();
  if (is_special_file(path_)) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    return fd_ < 0 ? failed("open") : Status();
  }
  // The file is made at the first write: until then it would lie in the folder that is being read.
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  if (::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0) return failed("create a file beside");
  return {};
}

Status Output::create() {
  if (file_) return {};
  auto file = OutputFile::create(path_);
  if (!file) return file.error();
  file_.emplace(std::move(*file));
  remember_unfinished(file_->temporary());
  return {};
}

Status Output::write(std::string_view bytes) {
  if (path_.empty()) {
    const bool written = std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
    return written ? Status() : failed("write to");
  }
  if (fd_ < 0) {
    if (const Status created = create(); !created) return created;
    return file_->write(bytes);
  }
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write to");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status Output::finish() {
  if (path_.empty()) return std::fflush(stdout) == 0 ? Status() : failed("write to");
  if (fd_ >= 0) return {};
  if (const Status created = create(); !created) return created;
  if (const Status committed = file_->commit(); !committed) return committed;
  remember_unfinished("");
  return {};
}

bool use_color(const std::string& when, bool to_stdout) {
  if (when == "always") return true;
  if (when == "never" || !to_stdout || !is_terminal(stdout)) return false;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') && term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace pg::verify

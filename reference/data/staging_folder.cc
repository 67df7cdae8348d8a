#include "reference/data/staging_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "reference/base/text.h"

namespace pg::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDrawn = 6;  // characters that mkdtemp draws

std::string temporary_head(const fs::path& target) {
  return "." + target.filename().string() + ".pgref-";
}

// Signals wait while two steps have to be one.
class SignalsWait {
 public:
  SignalsWait() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsWait() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

 private:
  sigset_t before_;
};

Descriptor open_folder(const fs::path& path) {
  return Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// What runs left that were killed: folders of our pattern that nobody holds a lock on.
void remove_abandoned(const fs::path& target) {
  const std::string head = temporary_head(target);
  std::error_code error;
  for (fs::directory_iterator it(target.parent_path(), error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(head) || name.size() != head.size() + kDrawn) continue;
    // Another process may be between making its folder and locking it.
    std::error_code ignored;
    if (fs::file_time_type::clock::now() - it->last_write_time(ignored) < std::chrono::minutes(1)) continue;
    const Descriptor folder = open_folder(it->path());
    if (folder.get() >= 0 && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) fs::remove_all(it->path(), ignored);
  }
}

Error cannot_rename(const fs::path& from, const fs::path& to, const std::string& why) {
  return Error{
      fmt::format("cannot rename {} to {}: {}", escape_line(from.string(), 500), escape_line(to.string(), 500), why)};
}

}  // namespace

Result<fs::path> new_folder_name(const fs::path& path) {
  fs::path name = path;
  while (!name.has_filename() && name.has_relative_path()) name = name.parent_path();
  if (!name.has_filename() || name.filename() == "." || name.filename() == "..")
    return Error{
        fmt::format("\"{}\" is no name for a new folder; name one, as in data/mine", escape_line(path.string(), 500))};
  std::error_code error;
  if (!fs::is_symlink(name, error)) return name;
  const fs::path meant = fs::canonical(name, error);
  if (error)
    return Error{fmt::format("{} is a link to nothing: {}. Remove it, or name another folder",
                             escape_line(name.string(), 500), error.message())};
  return meant;
}

Result<StagingFolder> StagingFolder::create(const fs::path& target, const Notice& begun) {
  StagingFolder staging(fs::absolute(target));
  const fs::path parent = staging.target_.parent_path();
  std::error_code error;
  fs::create_directories(parent, error);
  if (error)
    return Error{fmt::format("cannot create the folder {}: {}", escape_line(parent.string(), 500), error.message())};
  remove_abandoned(staging.target_);
  std::string name = (parent / (temporary_head(staging.target_) + std::string(kDrawn, 'X'))).string();
  const SignalsWait wait;
  if (::mkdtemp(name.data()) == nullptr)
    return Error{
        fmt::format("cannot create a folder in {}: {}", escape_line(parent.string(), 500), std::strerror(errno))};
  staging.path_ = name;
  begun(staging.path_);
  staging.lock_ = open_folder(staging.path_);
  if (staging.lock_.get() >= 0) (void)::flock(staging.lock_.get(), LOCK_EX | LOCK_NB);
  fs::permissions(staging.path_, fs::perms(0755), error);
  return staging;
}

StagingFolder::StagingFolder(StagingFolder&& other) noexcept
    : target_(std::move(other.target_)), path_(std::exchange(other.path_, fs::path())), lock_(std::move(other.lock_)) {}

StagingFolder::~StagingFolder() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

Status StagingFolder::commit(bool replace, bool can_exchange) {
  std::error_code error;
  if (!replace || !fs::exists(target_, error)) {
    fs::rename(path_, target_, error);
    if (error) return cannot_rename(path_, target_, error.message());
    path_.clear();
    return {};
  }
  if (can_exchange && ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) == 0)
    return {};  // what has the temporary name now is the old one
  if (can_exchange && errno != EINVAL && errno != ENOSYS) return cannot_rename(path_, target_, std::strerror(errno));
  return swap_by_renaming();
}

Status StagingFolder::swap_by_renaming() {
  const fs::path old = path_.string() + ".old";
  std::error_code error, back;
  const SignalsWait wait;
  fs::rename(target_, old, error);
  if (error) return cannot_rename(target_, old, error.message());
  fs::rename(path_, target_, error);
  if (!error) {
    fs::rename(old, path_, back);  // where the next run removes it if this one does not come to it
    if (back) path_ = old;
    return {};
  }
  fs::rename(old, target_, back);
  const Error failed = cannot_rename(path_, target_, error.message());
  if (!back) return failed;
  return Error{
      fmt::format("{}. The old one lies in {} ({})", failed.message, escape_line(old.string(), 500), back.message())};
}

}  // namespace pg::data

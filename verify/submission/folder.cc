#include "verify/submission/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxEntries = 10'000;
constexpr std::size_t kMaxProblems = 200;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

class Lister {
 public:
  Lister(FolderListing& listing, std::string_view without) : listing_(listing), without_(without) {}

  // Level by level, so that a huge subfolder cannot push the files at the top out of the limit.
  void run(int root_fd) {
    std::vector<std::string> level{""};
    for (int depth = 0; !level.empty(); ++depth) {
      std::vector<std::string> next;
      for (const std::string& folder : level) list_one(root_fd, folder, depth, next);
      level = std::move(next);
    }
    if (entries_ >= kMaxEntries) {
      listing_.truncated = true;
      problem(fmt::format("the folder holds more than {} entries: the rest is not listed", kMaxEntries));
    }
    if (dropped_problems_ > 0) listing_.problems.push_back(fmt::format("{} more problems", dropped_problems_));
    std::sort(listing_.files.begin(), listing_.files.end(),
              [](const FileEntry& a, const FileEntry& b) { return a.path < b.path; });
  }

 private:
  void problem(std::string text) {
    if (listing_.problems.size() < kMaxProblems)
      listing_.problems.push_back(std::move(text));
    else
      ++dropped_problems_;
  }

  // Opens a folder component by component: O_NOFOLLOW guards the last component only.
  static int open_below(int root_fd, std::string_view path) {
    int fd = ::openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && !path.empty()) {
      const std::size_t slash = std::min(path.find('/'), path.size());
      const std::string part(path.substr(0, slash));
      path.remove_prefix(std::min(slash + 1, path.size()));
      const int next = ::openat(fd, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      const int error = errno;
      ::close(fd);
      errno = error;
      fd = next;
    }
    return fd;
  }

  void list_one(int root_fd, const std::string& folder, int depth, std::vector<std::string>& next) {
    if (entries_ >= kMaxEntries) return;
    const int fd = open_below(root_fd, folder);
    const Directory directory(fd >= 0 ? ::fdopendir(fd) : nullptr);
    if (!directory) {
      problem(fmt::format("{}: cannot open the folder: {}", shown(folder), std::strerror(errno)));
      if (fd >= 0) ::close(fd);
      return;
    }
    std::vector<std::string> names;
    while (entries_ < kMaxEntries) {
      errno = 0;
      const dirent* const entry = ::readdir(directory.get());
      if (entry == nullptr) {
        if (errno != 0) problem(fmt::format("{}: cannot read the folder: {}", shown(folder), std::strerror(errno)));
        break;
      }
      const std::string_view name(entry->d_name);
      if (name == "." || name == ".." || name == ".git") continue;
      names.emplace_back(name);
      ++entries_;
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) add(fd, folder.empty() ? name : folder + '/' + name, name, depth, next);
  }

  void add(int folder_fd, std::string path, const std::string& name, int depth, std::vector<std::string>& next) {
    struct stat info {};
    if (::fstatat(folder_fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      problem(fmt::format("{}: cannot stat: {}", shown(path), std::strerror(errno)));
    } else if (S_ISREG(info.st_mode)) {
      listing_.files.push_back({std::move(path), static_cast<std::uint64_t>(info.st_size), ""});
    } else if (S_ISDIR(info.st_mode)) {
      if (depth == 0 && path == without_) return;
      if (depth + 1 < kMaxDepth)
        next.push_back(std::move(path));
      else
        problem(fmt::format("{}: deeper than {} folders, not listed", shown(path), kMaxDepth));
    } else if (S_ISLNK(info.st_mode)) {
      problem(fmt::format("{}: symbolic link, not followed; ship the file itself", shown(path)));
    } else {
      problem(fmt::format("{}: neither a file nor a folder, not read", shown(path)));
    }
  }

  static std::string shown(const std::string& path) { return path.empty() ? "." : escape_line(path); }

  FolderListing& listing_;
  std::string_view without_;
  std::size_t entries_ = 0, dropped_problems_ = 0;
};

}  // namespace

const FileEntry* FolderListing::find(std::string_view path) const {
  const auto at = std::lower_bound(files.begin(), files.end(), path,
                                   [](const FileEntry& file, std::string_view wanted) { return file.path < wanted; });
  return at != files.end() && at->path == path ? &*at : nullptr;
}

Result<FolderListing> list_folder(const std::filesystem::path& root, std::string_view without) {
  const int fd = ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return Error{fmt::format("cannot open the folder {}: {}; give the path of a submission folder",
                             escape_line(root.string()), std::strerror(errno))};
  FolderListing listing;
  listing.root = root;
  Lister(listing, without).run(fd);
  ::close(fd);
  return listing;
}

}  // namespace pg::verify

#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "reference/base/descriptor.h"
#include "reference/base/result.h"

namespace pg::data {

// The folder `path` means, as it was given: without slashes at the end, and links to folders followed. An Error where
// it is no name that can be given to a new folder ("", "/", ".", "..").
Result<std::filesystem::path> new_folder_name(const std::filesystem::path& path);

// A folder under a temporary name beside its target, .TARGET.pgref-XXXXXX, that gets the target's name when all of it
// is made. Else it is removed with all in it: by the destructor, or, if the process was killed, by the next create()
// for the same target after a minute.
class StagingFolder {
 public:
  using Notice = std::function<void(const std::filesystem::path&)>;

  // `target`: of new_folder_name(); the folder it is in is made where it is missing. `begun` gets the temporary name
  // before a signal can come, for a handler to remove it.
  static Result<StagingFolder> create(const std::filesystem::path& target, const Notice& begun);
  StagingFolder(StagingFolder&& other) noexcept;
  StagingFolder& operator=(StagingFolder&&) = delete;
  ~StagingFolder();

  const std::filesystem::path& path() const { return path_; }

  // Gives the folder its name. A target that is there: an Error if it is not empty, unless `replace`; then the two
  // change their names in one step, and the old one is removed. Where the file system cannot do that (`can_exchange`),
  // the old one is renamed first; if anything fails it gets its name back, or the Error says where it lies.
  Status commit(bool replace, bool can_exchange = true);

 private:
  explicit StagingFolder(std::filesystem::path target) : target_(std::move(target)) {}
  Status swap_by_renaming();

  std::filesystem::path target_, path_;
  Descriptor lock_;
};

}  // namespace pg::data

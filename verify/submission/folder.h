#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "reference/base/result.h"

namespace pg::verify {

struct FileEntry {
  std::string path;  // relative to the folder, '/' between parts, bytes as the file system holds them
  std::uint64_t bytes = 0;
  std::string sha256;  // hexadecimal; empty where the file could not be read
};

// What lies in a submission folder. Symbolic links are listed as problems and never followed: a submission must not
// make the verifier read a file outside it.
struct FolderListing {
  std::filesystem::path root;
  std::vector<FileEntry> files;       // regular files, sorted by path
  bool truncated = false;             // more than 10,000 entries: the rest is not in `files`
  std::vector<std::string> problems;  // links, devices, unreadable entries, limits reached; each names its path

  // nullptr where absent. `path` is relative to the folder.
  const FileEntry* find(std::string_view path) const;
};

// Lists regular files to a depth of 8 folders and a count of 10,000; past either the rest is a problem, not an error.
// Hidden files and folders are listed too, .git is not. An Error where `root` is no readable folder. Digests are left
// empty (submission.cc fills them as it reads). `without`: a folder directly in `root` that is left out; empty: none.
Result<FolderListing> list_folder(const std::filesystem::path& root, std::string_view without = {});

}  // namespace pg::verify

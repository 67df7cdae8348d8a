#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "reference/base/result.h"

namespace pg::verify {

// Which folders below a root are submissions. Paths are relative to the root, '/' between parts; "." is the root.
struct Discovery {
  std::filesystem::path root;
  std::vector<std::string> submissions;     // sorted
  std::vector<std::string> containers;      // hold submissions further down; never the root
  std::map<std::string, std::string> none;  // topmost folders with no submission in or below them: why
  std::vector<std::string> links;           // symbolic links to folders: not followed
};

// Submission folders are
//  - every child folder of a track folder (track_*) that is not hidden, and every child of the root that is called
//  <number>__<name>;
//  - any other folder below the root with a submission*.json, train*.py, *.log or README.md of its own that is neither
//    inside another submission folder nor a checkout of the challenge's repository (it has records/track_*/), of which
//    only records/ counts;
//  - a checkout of the challenge's repository with a training script at its top and without .git, where it stands
//  beside a folder of the kind above: a pull request written out whole, answered by its own script without records/;
//  - the root itself if it has a submission*.json and is none of the above.
// An Error where `root` is no readable folder.
Result<Discovery> discover(const std::filesystem::path& root);

// What one folder directly holds, without what lies below.
struct FolderLook {
  bool readable = false;
  bool has_files = false;
  bool has_metadata = false;  // submission*.json
  bool has_other = false;     // train*.py, *.log, README.md
  bool has_script = false;    // train*.py
  std::vector<std::string> folders, links;
  bool looks_like_submission() const { return has_metadata || has_other; }
};
FolderLook look_at(const std::filesystem::path& folder);

// A repository checkout, its records/ folder, a track folder, or a folder of <number>__<name> folders: something to
// walk through and never a submission. Not so where the folder itself is called <number>__<name>.
bool is_archive(const std::filesystem::path& folder);

// A checkout of the challenge's repository with a training script at its top: a pull request that changed this script
// is judged by the files beside records/. Not so where the folder itself is called <number>__<name>.
bool is_checkout_with_script(const std::filesystem::path& folder);

}  // namespace pg::verify

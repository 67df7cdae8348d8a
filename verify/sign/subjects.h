#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "verify/submission/folder.h"

namespace pg::verify {

// What a statement is about: one file ("sha256") or a whole folder ("dirHash"), digest in lowercase hexadecimal.
struct Subject {
  std::string name;  // of a file: its path in the folder, valid UTF-8
  std::string algorithm, digest;
  bool operator==(const Subject&) const = default;
};

// Every file of the folder in the order of their paths, and the folder itself under `name`. `listing` may lack digests:
// those are computed. An Error where a file cannot be read or the listing is incomplete: half a folder is not signed.
Result<std::vector<Subject>> folder_subjects(const FolderListing& listing, const std::string& name);

// A single file, named by the last part of its path.
Result<Subject> file_subject(const std::filesystem::path& path);

// in-toto's dirHash (Go's directory Hash1 in hexadecimal): the SHA-256 of what `sha256sum` prints for the files in the
// order of their names in the C locale. `listing` has all digests.
std::string dir_hash(const FolderListing& listing);

// How the folder as it lies there differs from the signed one, a line for each file; empty: not at all. `others` are
// the digests of further files; `unchecked` receives the names of the subjects that neither of the two accounts for.
std::vector<std::string> compare_subjects(const std::vector<Subject>& subjects, const std::vector<Subject>& folder,
                                          const std::vector<Subject>& others, std::vector<std::string>& unchecked);

}  // namespace pg::verify

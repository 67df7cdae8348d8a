#include "verify/sign/subjects.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "reference/base/text.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxDifferences = 20;

Result<std::string> file_digest(const std::filesystem::path& path) {
  Sha256 sha;
  const auto read = read_chunks(path, [&](std::string_view chunk) {
    sha.update(chunk);
    return true;
  });
  if (!read) return read.error();
  return sha.hex();
}

// A line of sha256sum: names with a backslash or a line end are escaped, and the line then begins with a backslash.
std::string sum_line(const FileEntry& file) {
  std::string name;
  for (const char c : file.path) name += c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : std::string(1, c);
  return fmt::format("{}{}  {}\n", name == file.path ? "" : "\\", file.sha256, name);
}

}  // namespace

std::string dir_hash(const FolderListing& listing) {
  Sha256 sha;
  for (const FileEntry& file : listing.files) sha.update(sum_line(file));
  return sha.hex();
}

Result<std::vector<Subject>> folder_subjects(const FolderListing& listing, const std::string& name) {
  if (listing.truncated)
    return Error{fmt::format("{} holds too many files to name them all", escape_line(listing.root.string()))};
  if (listing.files.empty()) return Error{fmt::format("{} holds no file", escape_line(listing.root.string()))};
  FolderListing complete = listing;
  std::vector<Subject> out;
  for (FileEntry& file : complete.files) {
    if (file.sha256.empty()) {
      auto digest = file_digest(listing.root / file.path);
      if (!digest) return Error{fmt::format("{}; a report is signed over every file", digest.error().message)};
      file.sha256 = *std::move(digest);
    }
    out.push_back({to_utf8(file.path), "sha256", file.sha256});
  }
  out.push_back({to_utf8(name), "dirHash", dir_hash(complete)});
  return out;
}

Result<Subject> file_subject(const std::filesystem::path& path) {
  auto digest = file_digest(path);
  if (!digest) return digest.error();
  return Subject{to_utf8(path.filename().string()), "sha256", *std::move(digest)};
}

std::vector<std::string> compare_subjects(const std::vector<Subject>& subjects, const std::vector<Subject>& folder,
                                          const std::vector<Subject>& others, std::vector<std::string>& unchecked) {
  std::vector<std::string> out;
  const auto differs = [&](const std::string& name, const char* how) {
    if (out.size() < kMaxDifferences) out.push_back(fmt::format("{} {}", escape_line(name), how));
  };
  std::multimap<std::string, std::string> present;  // names that are not UTF-8 can coincide
  std::string tree;
  for (const Subject& s : folder)
    if (s.algorithm == "sha256")
      present.emplace(s.name, s.digest);
    else
      tree = s.digest;
  bool same_tree = false;
  for (const Subject& s : subjects) {
    if (s.algorithm != "sha256") {
      same_tree = same_tree || s.digest == tree;
      continue;
    }
    const auto [first, last] = present.equal_range(s.name);
    const auto match = std::find_if(first, last, [&](const auto& file) { return file.second == s.digest; });
    if (match != last)
      present.erase(match);
    else if (std::ranges::any_of(others, [&](const Subject& o) { return o.digest == s.digest; }))
      continue;
    else if (first != last) {
      differs(s.name, "is not the signed file");
      present.erase(first);
    } else
      unchecked.push_back(s.name);
  }
  // The tree's digest also covers what the list of subjects does not name.
  if (!same_tree) {
    for (const auto& [name, digest] : present) differs(name, "is not among the signed files");
    for (const std::string& name : unchecked) differs(name, "is missing");
    if (out.empty()) out.emplace_back("the folder's digest is not the signed one");
  }
  return out;
}

}  // namespace pg::verify

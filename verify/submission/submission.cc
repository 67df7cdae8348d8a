#include "verify/submission/submission.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "verify/submission/reach.h"
#include "verify/submission/readme.h"
#include "verify/submission/roles.h"
#include "verify/submission/unpack.h"

namespace pg::verify {
namespace {

constexpr std::uint64_t kMaxReadme = 4 * 1024 * 1024;
constexpr std::uint64_t kMaxMetadata = 4 * 1024 * 1024;
constexpr std::uint64_t kMaxCode = 32 * 1024 * 1024;

std::string extension(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string() : to_lower(name.substr(dot + 1));
}

template <std::size_t N>
bool is_one_of(const std::string& value, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool may_be_log(std::string_view path) {
  static constexpr std::array<std::string_view, 6> kLogs = {"log", "txt", "out", "err", "stdout", "stderr"};
  const std::string ext = extension(path);
  return is_one_of(ext, kLogs) || (ext.empty() && contains_ignore_case(path, "log"));
}

bool is_code(std::string_view path) {
  static constexpr std::array<std::string_view, 9> kCode = {"py", "c", "cc", "cpp", "cxx", "cu", "h", "hpp", "cuh"};
  return is_one_of(extension(path), kCode);
}

std::string find_readme(const FolderListing& folder) {
  for (const FileEntry& file : folder.files)
    if (to_lower(file.path) == "readme.md") return file.path;
  for (const FileEntry& file : folder.files)
    if (to_lower(file.path).starts_with("readme") && file.path.find('/') == std::string::npos) return file.path;
  return {};
}

// Reads a text file whole and digests it; unreadable or too large: a problem of the folder, and empty.
std::string read_text(Submission& s, FileEntry& file, std::uint64_t limit) {
  auto content = read_file(s.folder.root / file.path, limit);
  if (!content) {
    s.folder.problems.push_back(content.error().message);
    return {};
  }
  file.sha256 = sha256_hex(*content);
  return *std::move(content);
}

// Files of the listing only: what a script names must not make the verifier read outside the folder.
SiblingReader sibling_reader(const FolderListing& folder) {
  return [&folder](std::string_view path) -> std::optional<std::string> {
    if (folder.find(path) == nullptr) return std::nullopt;
    auto content = read_file(folder.root / path, kMaxCode);
    return content ? std::optional(*std::move(content)) : std::nullopt;
  };
}

void digest_only(Submission& s, FileEntry& file) {
  Sha256 sha;
  const auto read = read_chunks(s.folder.root / file.path, [&](std::string_view chunk) {
    sha.update(chunk);
    return true;
  });
  if (read)
    file.sha256 = sha.hex();
  else
    s.folder.problems.push_back(read.error().message);
}

void read_one_log(Submission& s, FileEntry& file) {
  auto log = read_log(s.folder.root / file.path, file.path);
  if (!log) {
    s.folder.problems.push_back(log.error().message);
    return;
  }
  file.sha256 = log->sha256;
  s.logs.push_back(*std::move(log));
}

void find_track(Submission& s, const std::filesystem::path& root) {
  std::error_code error;
  const auto absolute = std::filesystem::weakly_canonical(root, error);
  for (const auto& part : error ? root : absolute) {
    if (part == "track_10min_16mb") s.track = "10min_16mb";
    if (part == "track_non_record_16mb") s.track = "non_record_16mb";
  }
  s.track_from_path = !s.track.empty();
  if (s.track_from_path || !s.metadata.track) return;
  const std::string track = to_lower(*s.metadata.track);
  if (track.find("non") != std::string::npos || track.find("unlimited") != std::string::npos)
    s.track = "non_record_16mb";
  else if (track.find("10min") != std::string::npos || track.find("record") != std::string::npos)
    s.track = "10min_16mb";
}

}  // namespace

Result<Submission> load_submission(const std::filesystem::path& root, std::string_view without) {
  auto listing = list_folder(root, without);
  if (!listing) return listing.error();
  static std::atomic<std::uint64_t> last_id = 0;
  Submission s;
  s.id = ++last_id;
  s.folder = *std::move(listing);
  std::error_code error;
  const auto absolute = std::filesystem::weakly_canonical(root, error);
  s.name = (error ? root : absolute).filename().string();

  std::vector<std::string> paths;
  for (const FileEntry& file : s.folder.files) paths.push_back(file.path);
  const std::string metadata_file = choose_metadata_file(paths);
  s.readme = find_readme(s.folder);
  for (FileEntry& file : s.folder.files) {
    if (file.path == metadata_file) {
      auto content = read_file(s.folder.root / file.path, kMaxMetadata);
      if (content) {
        file.sha256 = sha256_hex(*content);
        s.metadata = parse_metadata(file.path, *content);
      } else {
        s.metadata.path = file.path;
        s.metadata.parse_error = content.error().message;
      }
    } else if (file.path == s.readme) {
      s.readme_text = read_text(s, file, kMaxReadme);
      s.readme_scores = readme_scores(s.readme_text);
    } else if (is_code(file.path)) {
      const std::string content = read_text(s, file, kMaxCode);
      s.code.push_back(unpack_code(file.path, content, sibling_reader(s.folder)));
    } else if (may_be_log(file.path)) {
      read_one_log(s, file);
    } else {
      digest_only(s, file);
    }
  }
  find_track(s, root);
  sort_out_logs(s);
  assign_roles(s);
  resolve_code(s);
  return s;
}

}  // namespace pg::verify

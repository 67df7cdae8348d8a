#include "verify/report/sarif_artifacts.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

using nlohmann::json;

// GitHub takes about 10 MB of gzip; a decoded script is some 60 KB.
constexpr std::size_t kMaxContent = 256 * 1024;
constexpr std::size_t kMaxContents = 4 * 1024 * 1024;
constexpr const char* kRoot = "%SRCROOT%";
constexpr const char* kDecoded = "DECODED";

// The path of a file below the repository's root, or an absolute one.
std::string place(const Report& report, const std::string& file) {
  const std::string& folder = report.run.repository_path.empty() ? report.run.folder : report.run.repository_path;
  if (folder.empty() || folder == ".") return file.empty() ? "." : file;
  return file.empty() ? folder : folder + (folder.back() == '/' ? "" : "/") + file;
}

json location(const std::string& path, const char* base, std::size_t index) {
  if (path.starts_with('/')) return {{"uri", "file://" + path_to_uri(path)}, {"index", index}};
  return {{"uri", path_to_uri(path)}, {"uriBaseId", base}, {"index", index}};
}

}  // namespace

std::string path_to_uri(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

json SarifArtifacts::bases() {
  return {
      {kRoot, {{"description", {{"text", "The root of the repository that holds the submission folders"}}}}},
      {kDecoded, {{"description", {{"text", "Sources that packed files decode to; they exist in this log only"}}}}}};
}

json SarifArtifacts::shipped(const Report& report, const std::string& file) {
  const std::string path = place(report, file);
  const auto [it, added] = index_.emplace(path, artifacts_.size());
  if (added) {
    json artifact = {{"location", location(path, kRoot, it->second)}};
    for (const FileEntry& entry : report.submission.folder.files) {
      if (entry.path != file) continue;
      artifact["length"] = entry.bytes;
      if (!entry.sha256.empty()) artifact["hashes"] = {{"sha-256", entry.sha256}};
    }
    artifacts_.push_back(std::move(artifact));
  }
  return location(path, kRoot, it->second);
}

json SarifArtifacts::decoded(const Report& report, const std::string& file) {
  const std::size_t parent = shipped(report, file)["index"];
  const std::string path = place(report, file) + ".decoded.py";
  const auto [it, added] = index_.emplace(path, artifacts_.size());
  if (added) {
    json artifact = {
        {"location", location(path, kDecoded, it->second)}, {"parentIndex", parent}, {"sourceLanguage", "python"}};
    const auto& code = report.submission.code;
    const auto source = std::find_if(code.begin(), code.end(), [&](const CodeFile& c) { return c.path == file; });
    if (source != code.end() && !source->source.empty()) {
      artifact["length"] = source->decoded_bytes;
      const std::size_t bytes = source->source.size();
      if (bytes <= kMaxContent && contents_bytes_ + bytes <= kMaxContents) {
        artifact["contents"] = {{"text", to_utf8(source->source)}};
        contents_bytes_ += bytes;
      } else {
        ++contents_left_out_;
      }
    }
    artifacts_.push_back(std::move(artifact));
  }
  return location(path, kDecoded, it->second);
}

}  // namespace pg::verify

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "reference/base/result.h"

namespace pg::data {

// Where a downloaded file, or the part of one, is from.
struct Source {
  std::string url, etag;    // etag: empty where the server gave none
  std::uint64_t bytes = 0;  // of the whole file
};

// One Source in a file of its own, beside the part of a file; nothing where there is none or a broken one.
std::optional<Source> read_source(const std::filesystem::path& path);
Status write_source(const std::filesystem::path& path, const Source& source);

// What a folder's fetch.json says about the file `name` in it: without sizes and digests in a manifest, nothing else
// tells the shards of two tokenizers apart. Several processes may record at once.
inline constexpr const char* kRecordName = "fetch.json";
std::optional<Source> recorded_source(const std::filesystem::path& folder, const std::string& name);
Status record_source(const std::filesystem::path& folder, const std::string& name, const Source& source);

}  // namespace pg::data

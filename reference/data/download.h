#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace pg::data {

// One file to download. `sha256` (hexadecimal) or `bytes` may be unknown; what is known is checked.
struct RemoteFile {
  std::string name;  // relative path: below the base URL, and below the local folder unless `local` says otherwise
  std::optional<std::uint64_t> bytes;
  std::string sha256;
  std::string local;  // relative path below the local folder; empty: as `name`

  const std::string& local_name() const { return local.empty() ? name : local; }
};

// What to download: {"base_url": "https://...", "files": [{"name", "bytes", "sha256"}, ...]}, bytes and sha256
// optional. Names are relative paths without "..", control characters or a leading '/'.
struct DownloadManifest {
  std::string base_url;
  std::vector<RemoteFile> files;
};

Result<DownloadManifest> parse_download_manifest(const std::string& json, const std::string& name);

// Where the challenge's organizers publish shards and tokenizers (data/cached_challenge_fineweb.py of its repository).
inline constexpr std::string_view kPublishedUrl =
    "https://huggingface.co/datasets/willdepueoai/parameter-golf/resolve/main/datasets";

// The files of one variant ("sp1024", "sp8192", "byte260") out of the manifest.json published there: all validation
// shards, the first `train_shards` training shards and what belongs to the tokenizer: its model_path (as
// tokenizer.model), vocab_path and path. A tokenizer without any of them is an Error, as in the original. That manifest
// has no sizes and no digests.
Result<DownloadManifest> published_files(const std::string& manifest, const std::string& base_url,
                                         const std::string& variant, std::size_t train_shards);

struct DownloadOptions {
  unsigned tries = 5;             // per file; a connection that brought something new does not count
  double first_pause_s = 1;       // before the second try, doubled each time, at most 30
  double connect_timeout_s = 20;  // and no less than 1 byte/s over stall_timeout_s
  double stall_timeout_s = 60;
  std::function<void(const std::string& name, std::uint64_t done, std::uint64_t total)> progress;  // total 0: unknown
  // What a whole file has to be besides size and digest; asked before it gets its name, and of one that is there.
  std::function<Status(const RemoteFile& file, const std::filesystem::path& path)> check;
};

enum class Downloaded { fetched, was_there };

// Brings base_url + "/" + file.name to folder / file.local_name(). What is there already stays if size and digest are
// right; without a digest only if fetch.json of the folder (download_record.h) has it from the same URL with the same
// size. The bytes grow in <name>.part, which one process at a time writes to. A later call goes on there with a range
// request if a digest or an ETag (kept in <name>.part.from) can tell that the bytes belong together. The file gets its
// name when size, digest and options.check are right; bytes that are not are removed. Errors name the URL, what
// happened and the way out.
Result<Downloaded> download(const std::string& base_url, const RemoteFile& file, const std::filesystem::path& folder,
                            const DownloadOptions& options);

// Bytes of a small document (a manifest), at most `max_bytes`.
Result<std::string> download_text(const std::string& url, std::uint64_t max_bytes, const DownloadOptions& options);

}  // namespace pg::data

#include "reference/data/download_record.h"

#include <fcntl.h>
#include <sys/file.h>

#include <nlohmann/json.hpp>

#include "reference/base/descriptor.h"
#include "reference/base/file.h"

namespace pg::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kSchema = "pgref/fetch/v1";
constexpr std::uint64_t kMaxBytes = 64 << 20;

json read_json(const fs::path& path) {
  const auto text = read_file(path, kMaxBytes);
  return text ? json::parse(*text, nullptr, false) : json();
}

std::optional<Source> source_of(const json& entry) {
  if (!entry.is_object()) return std::nullopt;
  const json url = entry.value("url", json()), etag = entry.value("etag", json()), bytes = entry.value("bytes", json());
  if (!url.is_string() || !etag.is_string() || !bytes.is_number_unsigned()) return std::nullopt;
  return Source{url.get<std::string>(), etag.get<std::string>(), bytes.get<std::uint64_t>()};
}

json json_of(const Source& source) {
  return {{"url", source.url}, {"etag", source.etag}, {"bytes", source.bytes}};
}

std::string dump(const json& value) {
  return value.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

// The "files" of a record; empty where it is no record.
json files_of(const json& record) {
  if (!record.is_object() || record.value("schema", json()) != kSchema) return json::object();
  const json files = record.value("files", json());
  return files.is_object() ? files : json::object();
}

}  // namespace

std::optional<Source> read_source(const fs::path& path) {
  return source_of(read_json(path));
}

Status write_source(const fs::path& path, const Source& source) {
  return write_file_atomic(path, dump(json_of(source)));
}

std::optional<Source> recorded_source(const fs::path& folder, const std::string& name) {
  return source_of(files_of(read_json(folder / kRecordName)).value(name, json()));
}

Status record_source(const fs::path& folder, const std::string& name, const Source& source) {
  const Descriptor lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  (void)::flock(lock.get(), LOCK_EX);  // no locks on this file system: one process at a time is the user's business
  json files = files_of(read_json(folder / kRecordName));
  files[name] = json_of(source);
  return write_file_atomic(folder / kRecordName, dump({{"schema", kSchema}, {"files", files}}));
}

}  // namespace pg::data

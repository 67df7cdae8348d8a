#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reference/base/text.h"
#include "reference/data/download.h"
#include "reference/data/download_record.h"

namespace pg::data {
namespace {

using nlohmann::json;

// A path that stays below the folder it is put into and means no other file there.
bool is_safe_name(const std::string& name) {
  if (name.empty() || name.size() > 500 || name.front() == '/' || name.back() == '/') return false;
  for (const char c : name)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F || c == '\\' || c == '?' || c == '#' || c == '%') return false;
  for (const auto& part : std::filesystem::path(name))
    if (part == ".." || part == "." || part.empty()) return false;
  // Names that download() itself uses.
  return name != kRecordName && !name.ends_with(".part") && !name.ends_with(".part.from");
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Result<DownloadManifest> parse_download_manifest(const std::string& text, const std::string& name) {
  const auto bad = [&](const std::string& why) {
    return Error{
        fmt::format("{}: {}. A download manifest is {{\"base_url\": \"https://...\", \"files\": [{{\"name\": ..., "
                    "\"bytes\": ..., \"sha256\": ...}}]}}",
                    escape_line(name), why)};
  };
  const json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return bad("it is no JSON object");
  const json files = parsed.value("files", json()), base = parsed.value("base_url", json(""));
  if (!base.is_string()) return bad("base_url is no text");
  if (!files.is_array() || files.empty()) return bad("it has no list of files");
  DownloadManifest manifest{base.get<std::string>(), {}};
  for (const json& file : files) {
    const std::string place = fmt::format("file {}", manifest.files.size());
    if (!file.is_object() || !file.value("name", json()).is_string()) return bad(place + " has no name");
    RemoteFile remote{file["name"].get<std::string>(), std::nullopt, "", ""};
    if (!is_safe_name(remote.name))
      return bad(place + " has a name that is no relative path, or one that a download uses itself");
    if (file.contains("bytes") && !file["bytes"].is_null()) {
      if (!file["bytes"].is_number_unsigned()) return bad(place + ": bytes is no whole number");
      remote.bytes = file["bytes"].get<std::uint64_t>();
    }
    if (file.contains("sha256") && !file["sha256"].is_null()) {
      if (!file["sha256"].is_string()) return bad(place + ": sha256 is no text");
      remote.sha256 = to_lower(file["sha256"].get<std::string>());
      if (!is_sha256(remote.sha256)) return bad(place + ": sha256 has not 64 hexadecimal digits");
    }
    manifest.files.push_back(std::move(remote));
  }
  return manifest;
}

namespace {

// The object of `list` whose "name" is `name`.
json named(const json& list, const std::string& name) {
  if (list.is_array())
    for (const json& entry : list)
      if (entry.is_object() && entry.value("name", json()) == name) return entry;
  return {};
}

std::uint64_t count_of(const json& dataset, const char* key) {
  const json stats = dataset.value("stats", json::object());
  const json count = stats.is_object() ? stats.value(key, json()) : json();
  return count.is_number_unsigned() ? count.get<std::uint64_t>() : 0;
}

}  // namespace

Result<DownloadManifest> published_files(const std::string& manifest, const std::string& base_url,
                                         const std::string& variant, std::size_t train_shards) {
  const auto bad = [&](const std::string& why) {
    return Error{fmt::format("the published manifest of {}: {}", escape_line(base_url, 500), why)};
  };
  const json parsed = json::parse(manifest, nullptr, false);
  if (!parsed.is_object()) return bad("it is no JSON object");
  const std::string folder = "fineweb10B_" + variant;
  const json dataset = named(parsed.value("datasets", json()), folder);
  if (!dataset.is_object())
    return bad(fmt::format("it has no data set {}; choose another variant", escape_line(folder)));
  const std::uint64_t train = count_of(dataset, "files_train"), val = count_of(dataset, "files_val");
  constexpr std::uint64_t kMaxFiles = 100000;
  if (val < 1 || val > kMaxFiles || train > kMaxFiles) return bad("its counts of files are broken");
  if (train_shards > train)
    return bad(fmt::format("{} has {} training shards, {} were asked for", escape_line(folder), train, train_shards));
  DownloadManifest files{base_url, {}};
  const auto add = [&](const std::string& name) {
    files.files.push_back({"datasets/" + folder + "/" + name, std::nullopt, "", name});
  };
  for (std::uint64_t i = 0; i < val; ++i) add(fmt::format("fineweb_val_{:06}.bin", i));
  for (std::size_t i = 0; i < train_shards; ++i) add(fmt::format("fineweb_train_{:06}.bin", i));
  const json tokenizer_name = dataset.value("tokenizer_name", json());
  const json tokenizer = tokenizer_name.is_string()
                             ? named(parsed.value("tokenizers", json()), tokenizer_name.get<std::string>())
                             : json();
  const std::size_t shards = files.files.size();
  for (const char* key : {"model_path", "vocab_path", "path"}) {
    const json path = tokenizer.is_object() ? tokenizer.value(key, json()) : json();
    if (!path.is_string() || path == "") continue;
    const auto name = path.get<std::string>();
    const bool is_model = key == std::string_view("model_path");
    files.files.push_back(
        {name, std::nullopt, "", is_model ? "tokenizer.model" : std::filesystem::path(name).filename().string()});
  }
  if (files.files.size() == shards)
    return bad(fmt::format("it names no file for the tokenizer of {}; choose another variant", escape_line(folder)));
  for (const RemoteFile& file : files.files)
    if (!is_safe_name(file.name)) return bad("it has a name that is no relative path");
  return files;
}

}  // namespace pg::data

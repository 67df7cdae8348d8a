#include "reference/train/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/file.h"
#include "reference/base/text.h"

namespace pg::train {
namespace {

using nlohmann::json;

constexpr std::string_view kFormat = "pgref/checkpoint/v1";
constexpr std::uint64_t kMaxProgress = 1 << 16;

constexpr std::string_view kWeights = "checkpoint.safetensors";

std::string progress_name(std::int64_t step) {
  return fmt::format("progress_{}.json", step);
}

// The name behind which OutputFile's temporary file is, ".XXXXXX"; `name` itself for any other. Six small letters are
// rather somebody's ".backup".
std::string_view final_name(std::string_view name) {
  constexpr std::size_t kSuffix = 7;
  if (name.size() <= kSuffix) return name;
  const std::string_view end = name.substr(name.size() - kSuffix);
  const auto every = [&](auto&& is) { return std::all_of(end.begin() + 1, end.end(), is); };
  const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto drawn = [&](char c) { return small(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return end[0] == '.' && every(drawn) && !every(small) ? name.substr(0, name.size() - kSuffix) : name;
}

// A file that save_checkpoint() writes, whole or left behind by a killed process.
bool is_ours(std::string_view name) {
  const std::string_view whole = final_name(name);
  return whole == kWeights || (whole.starts_with("progress_") && whole.ends_with(".json"));
}

void remove_all_but(const std::filesystem::path& folder, const std::vector<std::string>& kept) {
  std::error_code error;
  std::vector<std::filesystem::path> old;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (const std::string name = entry.path().filename().string();
        is_ours(name) && std::find(kept.begin(), kept.end(), name) == kept.end())
      old.push_back(entry.path());
  for (const auto& path : old) std::filesystem::remove(path, error);
}

}  // namespace

std::filesystem::path checkpoint_file(const std::filesystem::path& folder) {
  return folder / kWeights;
}

Status save_checkpoint(const std::filesystem::path& folder, const Checkpoint& c, const Progress& progress) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error{fmt::format("cannot make {}: {}", escape_line(folder.string()), error.message())};
  const json times = {
      {"elapsed_ms", progress.elapsed_ms}, {"log_bytes", progress.log_bytes}, {"threads", progress.threads}};
  const std::string name = progress_name(c.step);
  if (const Status status = write_file_atomic(folder / name, times.dump() + "\n"); !status)
    return Error{status.error().message + "; the checkpoint before is untouched"};
  const json meta = {{"format", kFormat},
                     {"config", c.config},
                     {"step", c.step},
                     {"loader", c.loader},
                     {"swa_snapshots", c.swa_snapshots},
                     {"last_loss", c.last_loss},
                     {"elapsed_ms", c.elapsed_ms}};
  const NamedTensors tensors(c.tensors.begin(), c.tensors.end());
  const auto written = write_safetensors(checkpoint_file(folder), tensors, {{"pgref", meta.dump()}});
  if (!written) {
    std::filesystem::remove(folder / name, error);
    return written.error();
  }
  remove_all_but(folder, {std::string(kWeights), name});
  return {};
}

Result<Checkpoint> load_checkpoint(const std::filesystem::path& folder) {
  const auto path = checkpoint_file(folder);
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return Error{fmt::format("there is no {} to resume from; start without --resume", escape_line(path.string()))};
  auto file = read_safetensors(path);
  if (!file) return file.error();
  const json meta = json::parse(file->metadata["pgref"], nullptr, false);
  Checkpoint c;
  try {
    if (meta.at("format") != kFormat)
      return Error{fmt::format("{} is no checkpoint of pgref", escape_line(path.string()))};
    c.config = meta.at("config");
    c.step = meta.at("step");
    c.loader = meta.at("loader");
    c.swa_snapshots = meta.at("swa_snapshots");
    c.last_loss = meta.at("last_loss");
    c.elapsed_ms = meta.at("elapsed_ms");
  } catch (const json::exception&) {
    return Error{fmt::format("{} is no checkpoint of pgref: its metadata is incomplete", escape_line(path.string()))};
  }
  c.tensors = std::move(file->tensors);
  return c;
}

Progress load_progress(const std::filesystem::path& folder, const Checkpoint& c) {
  Progress progress{c.elapsed_ms, 0, 0};
  const auto content = read_file(folder / progress_name(c.step), kMaxProgress);
  const json times = content ? json::parse(*content, nullptr, false) : json();
  if (!times.is_object()) return progress;
  if (c.elapsed_ms == 0 && times.contains("elapsed_ms") && times["elapsed_ms"].is_number())
    progress.elapsed_ms = times["elapsed_ms"];
  if (times.contains("log_bytes") && times["log_bytes"].is_number_unsigned()) progress.log_bytes = times["log_bytes"];
  if (times.contains("threads") && times["threads"].is_number_integer()) progress.threads = times["threads"];
  return progress;
}

void remove_checkpoints(const std::filesystem::path& folder) {
  std::error_code error;
  remove_all_but(folder, {});
  std::filesystem::remove(folder, error);  // fails, rightly, if something else is in it
}

std::string first_difference(const json& saved, const json& now) {
  const json patch = json::diff(saved, now);
  if (patch.empty()) return "";
  const std::string pointer = patch[0]["path"];
  const auto value = [&](const json& whole) {
    const json::json_pointer at(pointer);
    return whole.contains(at) ? escape_line(whole[at].dump(), 100) : std::string("absent");
  };
  std::string path = pointer.empty() ? "the whole config" : pointer.substr(1);
  for (char& c : path)
    if (c == '/') c = '.';
  return fmt::format("{}: {}, now {}", path, value(saved), value(now));
}

}  // namespace pg::train

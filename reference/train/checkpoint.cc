#include "reference/train/checkpoint.h"

#include <fmt/format.h>

#include "reference/base/file.h"
#include "reference/base/text.h"

namespace pg::train {
namespace {

using nlohmann::json;

constexpr std::string_view kFormat = "pgref/checkpoint/v1";
constexpr std::uint64_t kMaxProgress = 1 << 16;

std::filesystem::path weights_file(const std::filesystem::path& folder) {
  return folder / "checkpoint.safetensors";
}

std::string progress_name(std::int64_t step) {
  return fmt::format("progress_{}.json", step);
}

bool is_progress(const std::string& name) {
  return name.starts_with("progress_") && name.ends_with(".json");
}

template <class Keep>
void remove_progress(const std::filesystem::path& folder, Keep&& keep) {
  std::error_code error;
  std::vector<std::filesystem::path> old;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (const std::string name = entry.path().filename().string(); is_progress(name) && !keep(name))
      old.push_back(entry.path());
  for (const auto& path : old) std::filesystem::remove(path, error);
}

}  // namespace

Status save_checkpoint(const std::filesystem::path& folder, const Checkpoint& c, const Progress& progress) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error{fmt::format("cannot make {}: {}", escape_line(folder.string()), error.message())};
  const json times = {{"elapsed_ms", progress.elapsed_ms}, {"log_bytes", progress.log_bytes}};
  const std::string name = progress_name(c.step);
  if (const Status status = write_file_atomic(folder / name, times.dump() + "\n"); !status)
    return Error{status.error().message + "; the checkpoint before is untouched"};
  const json meta = {{"format", kFormat},
                     {"config", c.config},
                     {"step", c.step},
                     {"loader", c.loader},
                     {"swa_snapshots", c.swa_snapshots},
                     {"elapsed_ms", c.elapsed_ms}};
  const NamedTensors tensors(c.tensors.begin(), c.tensors.end());
  const auto written = write_safetensors(weights_file(folder), tensors, {{"pgref", meta.dump()}});
  if (!written) {
    std::filesystem::remove(folder / name, error);
    return written.error();
  }
  remove_progress(folder, [&](const std::string& other) { return other == name; });
  return {};
}

Result<Checkpoint> load_checkpoint(const std::filesystem::path& folder) {
  const auto path = weights_file(folder);
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
    c.elapsed_ms = meta.at("elapsed_ms");
  } catch (const json::exception&) {
    return Error{fmt::format("{} is no checkpoint of pgref: its metadata is incomplete", escape_line(path.string()))};
  }
  c.tensors = std::move(file->tensors);
  return c;
}

Progress load_progress(const std::filesystem::path& folder, const Checkpoint& c) {
  Progress progress{c.elapsed_ms, 0};
  const auto content = read_file(folder / progress_name(c.step), kMaxProgress);
  const json times = content ? json::parse(*content, nullptr, false) : json();
  if (!times.is_object()) return progress;
  if (c.elapsed_ms == 0 && times.contains("elapsed_ms") && times["elapsed_ms"].is_number())
    progress.elapsed_ms = times["elapsed_ms"];
  if (times.contains("log_bytes") && times["log_bytes"].is_number_unsigned()) progress.log_bytes = times["log_bytes"];
  return progress;
}

void remove_checkpoints(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::remove(weights_file(folder), error);
  remove_progress(folder, [](const std::string&) { return false; });
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
  std::string path = pointer.substr(1);
  for (char& c : path)
    if (c == '/') c = '.';
  return fmt::format("{}: {}, now {}", path, value(saved), value(now));
}

}  // namespace pg::train

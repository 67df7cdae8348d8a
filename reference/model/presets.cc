#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "reference/base/file.h"
#include "reference/base/text.h"
#include "reference/model/config.h"
#include "reference/model/keys.h"

namespace pg::model {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMaxPresetBytes = 1 << 20;
constexpr std::string_view kParts[] = {"about", "model", "optim", "train", "data", "eval"};

// $PGREF_DATA_DIR/presets alone where it is set; else beside the installed program, else the source tree.
std::vector<fs::path> folders() {
  if (const char* root = std::getenv("PGREF_DATA_DIR"); root != nullptr && *root != '\0')
    return {fs::path(root) / "presets"};
  std::vector<fs::path> places;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) places.push_back((program.parent_path() / ".." / "share" / "pgref" / "presets").lexically_normal());
  places.emplace_back(PG_COMPILED_PRESET_DIR);
  return places;
}

Result<fs::path> locate(std::string_view name) {
  if (name.ends_with(".json") || name.find('/') != std::string_view::npos) return fs::path(name);
  for (const fs::path& folder : folders()) {
    const fs::path file = folder / (std::string(name) + ".json");
    std::error_code error;
    if (fs::exists(file, error)) return file;
  }
  const std::vector<std::string> names = preset_names();
  if (names.empty()) {
    std::string tried;
    for (const fs::path& folder : folders()) tried += (tried.empty() ? "" : ", ") + folder.string();
    return Error{
        fmt::format("preset '{}': no presets in {}. Set PGREF_DATA_DIR to the folder that holds presets/ "
                    "(share/pgref of the installation), or give the path of a .json file",
                    escape_line(name, 60), escape_line(tried, 500))};
  }
  return Error{fmt::format("preset '{}' is unknown; there are {}. Or give the path of a .json file",
                           escape_line(name, 60), fmt::join(names, ", "))};
}

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const fs::path& folder : folders()) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      if (entry->path().extension() == ".json") names.push_back(entry->path().stem().string());
    }
    if (!names.empty()) break;
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<nlohmann::json> load_preset(std::string_view name_or_path) {
  const Result<fs::path> file = locate(name_or_path);
  if (!file) return file.error();
  const Result<std::string> text = read_file(*file, kMaxPresetBytes);
  if (!text) return text.error();
  const std::string where = escape_line(file->string(), 500);
  auto preset = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
  if (preset.is_discarded()) {
    // Parsed again for the place of the error.
    try {
      preset = nlohmann::json::parse(*text, nullptr, true, true);
    } catch (const nlohmann::json::exception& error) {
      return Error{fmt::format("{}: not JSON: {}. Compare it with reference/presets/baseline.json", where,
                               escape_line(error.what()))};
    }
  }
  if (Status status = check_keys(preset, kParts, where); !status) return status.error();
  for (const std::string_view part : {"model", "optim", "train", "data", "eval"}) {
    if (!preset.contains(part))
      return Error{fmt::format("{}: the object \"{}\" is missing. A preset has model, optim, train, data and eval",
                               where, part)};
  }
  return preset;
}

}  // namespace pg::model

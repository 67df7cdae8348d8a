#include "reference/model/info.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reference/base/text.h"
#include "reference/model/parameter_spec.h"

namespace pg::model {
namespace {

using nlohmann::json;

// "blocks.12.attn.proj.weight" -> "blocks.*.attn.proj.weight".
std::string without_number(const std::string& name) {
  std::string out;
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t end = std::min(name.find('.', i), name.size());
    const std::string part = name.substr(i, end - i);
    const bool number =
        !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    out += number ? "*" : part;
    if (end < name.size()) out += '.';
    i = end + 1;
  }
  return out;
}

void add(Info& info, const std::string& name, const std::vector<std::int64_t>& shape, const std::string& group,
         std::int64_t parameters, std::int64_t bytes) {
  const std::string general = without_number(name);
  auto row = std::find_if(info.rows.begin(), info.rows.end(),
                          [&](const ShapeRow& r) { return r.name == general && r.shape == shape && r.group == group; });
  if (row == info.rows.end()) row = info.rows.insert(info.rows.end(), ShapeRow{general, shape, group});
  ++row->count;
  row->parameters += parameters;
  row->bytes += bytes;
  info.parameters += parameters;
  info.bytes += bytes;
  info.bytes_f32 += 4 * parameters;
}

struct Group {
  std::string name;
  int tensors = 0;
  std::int64_t parameters = 0, bytes = 0;
};

std::vector<Group> groups_of(const Info& info) {
  std::vector<Group> groups;
  for (const ShapeRow& row : info.rows) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.name == row.group; });
    if (group == groups.end()) group = groups.insert(groups.end(), Group{row.group});
    group->tensors += row.count;
    group->parameters += row.parameters;
    group->bytes += row.bytes;
  }
  return groups;
}

// Sizes of one tensor in a safetensors header; false where they make no sense.
bool sizes_of(const json& tensor, std::vector<std::int64_t>& shape, std::int64_t& numel, std::int64_t& bytes) {
  if (!tensor.is_object() || !tensor.contains("dtype") || !tensor["dtype"].is_string() || !tensor.contains("shape") ||
      !tensor["shape"].is_array() || !tensor.contains("data_offsets") || !tensor["data_offsets"].is_array() ||
      tensor["data_offsets"].size() != 2)
    return false;
  constexpr std::int64_t kMax = std::int64_t{1} << 40;
  numel = 1;
  for (const json& size : tensor["shape"]) {
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > static_cast<std::uint64_t>(kMax)) return false;
    shape.push_back(size.get<std::int64_t>());
    if (shape.back() != 0 && numel > kMax / shape.back()) return false;
    numel *= shape.back();
  }
  const json& ends = tensor["data_offsets"];
  if (!ends[0].is_number_unsigned() || !ends[1].is_number_unsigned() || ends[1] < ends[0]) return false;
  bytes = static_cast<std::int64_t>(ends[1].get<std::uint64_t>() - ends[0].get<std::uint64_t>());
  return true;
}

}  // namespace

Info describe(const Config& config) {
  static constexpr const char* kGroups[] = {"embedding", "linear", "control"};
  Info info;
  for (const ParameterSpec& spec : parameter_specs(config))
    add(info, spec.name, spec.shape, kGroups[static_cast<int>(spec.role)], spec.numel(),
        spec.numel() * (spec.role == Role::kEmbedding ? 2 : 4));
  return info;
}

Result<Info> describe_safetensors(const std::filesystem::path& file) {
  const std::string where = escape_line(file.string(), 300);
  constexpr std::uint64_t kMaxHeader = 64 << 20;
  std::ifstream in(file, std::ios::binary);
  unsigned char length_bytes[8];
  if (!in.read(reinterpret_cast<char*>(length_bytes), 8))
    return Error{fmt::format("{}: cannot be read, or is too short for a .safetensors file", where)};
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | length_bytes[i];
  std::string header;
  if (length <= kMaxHeader) {
    header.resize(length);
    in.read(header.data(), static_cast<std::streamsize>(length));
  }
  const json parsed = in && !header.empty() ? json::parse(header, nullptr, false) : json();
  if (!parsed.is_object())
    return Error{fmt::format("{}: its first {} bytes are no header of a .safetensors file", where, length)};
  Info info;
  std::uint64_t data_end = 0;
  for (const auto& [name, tensor] : parsed.items()) {
    if (name == "__metadata__") continue;
    std::vector<std::int64_t> shape;
    std::int64_t numel = 0, bytes = 0;
    if (!sizes_of(tensor, shape, numel, bytes))
      return Error{fmt::format("{}: tensor '{}': no sound dtype, shape and data_offsets; the file is damaged", where,
                               escape_line(name, 100))};
    add(info, escape_line(name, 200), shape, escape_line(tensor["dtype"].get<std::string>(), 20), numel, bytes);
    data_end = std::max(data_end, tensor["data_offsets"][1].get<std::uint64_t>());
  }
  std::error_code error;
  if (const std::uint64_t there = std::filesystem::file_size(file, error); !error && there < 8 + length + data_end)
    return Error{fmt::format("{}: it has {} bytes, its header describes {}: it is truncated; copy it again", where,
                             with_commas(static_cast<std::int64_t>(there)),
                             with_commas(static_cast<std::int64_t>(8 + length + data_end)))};
  return info;
}

json to_json(const Info& info) {
  json out = {{"parameters", info.parameters}, {"bytes", info.bytes}, {"bytes_f32", info.bytes_f32}};
  out["groups"] = json::array();
  for (const Group& g : groups_of(info))
    out["groups"].push_back(
        {{"group", g.name}, {"tensors", g.tensors}, {"parameters", g.parameters}, {"bytes", g.bytes}});
  out["shapes"] = json::array();
  for (const ShapeRow& r : info.rows)
    out["shapes"].push_back({{"name", r.name},
                             {"shape", r.shape},
                             {"group", r.group},
                             {"count", r.count},
                             {"parameters", r.parameters},
                             {"bytes", r.bytes}});
  return out;
}

std::string to_text(const Info& info) {
  std::string out = fmt::format("parameters {}\n\n{:<12} {:>8} {:>14} {:>14}\n", with_commas(info.parameters), "group",
                                "tensors", "parameters", "bytes");
  int tensors = 0;
  for (const Group& g : groups_of(info)) {
    tensors += g.tensors;
    out +=
        fmt::format("{:<12} {:>8} {:>14} {:>14}\n", g.name, g.tensors, with_commas(g.parameters), with_commas(g.bytes));
  }
  out += fmt::format("{:<12} {:>8} {:>14} {:>14}\n\n", "all", tensors, with_commas(info.parameters),
                     with_commas(info.bytes));
  std::size_t width = 4;
  for (const ShapeRow& r : info.rows) width = std::max(width, r.name.size());
  out += fmt::format("{:<{}} {:>5} {:>16} {:>14} {:>14}\n", "name", width, "count", "shape", "parameters", "bytes");
  for (const ShapeRow& r : info.rows)
    out += fmt::format("{:<{}} {:>5} {:>16} {:>14} {:>14}\n", r.name, width, r.count,
                       fmt::format("[{}]", fmt::join(r.shape, ", ")), with_commas(r.parameters), with_commas(r.bytes));
  return out;
}

}  // namespace pg::model

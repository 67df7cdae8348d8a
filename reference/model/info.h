#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/model/config.h"

namespace pg::model {

// Tensors that differ in the number of their block alone: "blocks.*.attn.c_q.weight".
struct ShapeRow {
  std::string name;
  std::vector<std::int64_t> shape;
  std::string group;  // embedding, linear, control; of a file: its type ("F32")
  int count = 0;
  std::int64_t parameters = 0;  // of all of them
  std::int64_t bytes = 0;       // in a bf16 run (model.md 0.2); of a file: in it
};

struct Info {
  std::vector<ShapeRow> rows;  // in the order of named_parameters(); of a file: of the file
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
  std::int64_t bytes_f32 = 0;
};

Info describe(const Config& config);

// From the header of a .safetensors file; its tensors are not read. Errors name the file and the place.
Result<Info> describe_safetensors(const std::filesystem::path& file);

// {"parameters", "bytes", "bytes_f32", "groups": [...], "shapes": [...]}
nlohmann::json to_json(const Info& info);
// The same as a table for people.
std::string to_text(const Info& info);

}  // namespace pg::model

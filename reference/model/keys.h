#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "reference/base/result.h"

namespace pg::model {

// "WHERE: unknown key 'matrx_lr'; did you mean 'matrix_lr'?", or the known ones where none is near.
std::string unknown_key(std::string_view where, std::string_view key, std::span<const std::string_view> known);

// An Error if `object` is no JSON object or has a key that is not among `known`. For every part of a preset.
Status check_keys(const nlohmann::json& object, std::span<const std::string_view> known, std::string_view where);

}  // namespace pg::model

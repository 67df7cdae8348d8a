#include "reference/model/keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "reference/base/text.h"

namespace pg::model {
namespace {

// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replace = corner + (a[i] == b[j] ? 0 : 1);
      corner = row[j + 1];
      row[j + 1] = std::min({replace, row[j] + 1, corner + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string unknown_key(std::string_view where, std::string_view key, std::span<const std::string_view> known) {
  std::string text = fmt::format("{}: unknown key '{}'", where, escape_line(key, 60));
  const std::string_view given = key.substr(0, 60);
  const auto nearest = std::min_element(known.begin(), known.end(), [&](std::string_view a, std::string_view b) {
    return distance(a, given) < distance(b, given);
  });
  if (nearest == known.end()) return text + "; none is known here: remove it";
  if (distance(*nearest, given) <= std::max<std::size_t>(2, nearest->size() / 2))
    return text + fmt::format("; did you mean '{}'?", *nearest);
  return text + fmt::format("; known are {}", fmt::join(known, ", "));
}

Status check_keys(const nlohmann::json& object, std::span<const std::string_view> known, std::string_view where) {
  if (!object.is_object()) return Error{fmt::format("{}: must be a JSON object, is {}", where, object.type_name())};
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) return Error{unknown_key(where, key, known)};
  }
  return {};
}

}  // namespace pg::model

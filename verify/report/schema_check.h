// A checker for the part of JSON Schema 2020-12 that docs/formats/*.schema.json use, for tests. A keyword it does not
// know is a finding, so that a schema can never pass by being misunderstood. ci runs a complete validator as well.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pg::verify {

// Violations of `schema` in `value`, each with its JSON pointer; empty: valid.
std::vector<std::string> check_schema(const nlohmann::json& schema, const nlohmann::json& value);

// Declarations in the schema that carry no description.
std::vector<std::string> undescribed(const nlohmann::json& schema);

}  // namespace pg::verify

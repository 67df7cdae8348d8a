#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace pg::optim {

// Reads the fields of one JSON object into variables that hold the defaults. Every call names its field; finish()
// refuses fields that no call named. The first error stays.
class JsonFields {
 public:
  // `where` begins the errors: "preset nano, \"optim\"".
  JsonFields(const nlohmann::json& object, std::string_view where);

  // Limits are inclusive.
  void number(std::string_view name, double& value, double low, double high);
  void integer(std::string_view name, std::int64_t& value, std::int64_t low, std::int64_t high);
  void integer(std::string_view name, int& value, int low, int high);
  void boolean(std::string_view name, bool& value);  // true, false, 0, 1
  void text(std::string_view name, std::string& value);
  void texts(std::string_view name, std::vector<std::string>& value);
  // The index of the field's word in `words`.
  void choice(std::string_view name, int& value, const std::vector<std::string>& words);

  Status finish();

 private:
  const nlohmann::json* find(std::string_view name);
  void fail(std::string_view name, std::string_view wanted, const nlohmann::json& found);

  const nlohmann::json& object_;
  std::string where_;
  std::vector<std::string> known_;
  std::string error_;
};

}  // namespace pg::optim

// Reference numbers from scipy and R for the tests: testdata/vectors.json, made by testdata/make_vectors.py.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reference/base/file.h"

namespace pg::verify::stats {

inline const nlohmann::json& vectors() {
  static const nlohmann::json all = [] {
    const auto text = read_file(PG_SOURCE_DIR "/verify/stats/testdata/vectors.json", 1 << 22);
    return text ? nlohmann::json::parse(*text) : nlohmann::json();
  }();
  return all;
}

inline std::vector<double> numbers(const nlohmann::json& list) {
  return list.get<std::vector<double>>();
}

inline void expect_close(double actual, double expected, const std::string& what, double relative = 1e-9) {
  EXPECT_NEAR(actual, expected, relative * std::abs(expected)) << what;
}

// `actual` against the same key of each oracle that has it; at least one has to.
inline void expect_oracles(const nlohmann::json& vector, const char* key, double actual, double relative = 1e-9) {
  int oracles = 0;
  for (const char* oracle : {"scipy", "r"}) {
    if (!vector.contains(oracle) || !vector[oracle].contains(key)) continue;
    ++oracles;
    expect_close(actual, vector[oracle][key].get<double>(),
                 vector["name"].get<std::string>() + " " + oracle + " " + key, relative);
  }
  EXPECT_GT(oracles, 0) << key;
}

}  // namespace pg::verify::stats

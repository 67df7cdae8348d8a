#include "reference/data/numpy_random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "reference/base/file.h"

namespace pg::data {
namespace {

using nlohmann::json;

const json& vectors() {
  static const json parsed =
      json::parse(read_file(PG_SOURCE_DIR "/reference/data/testdata/numpy_random.json", 1 << 22).value());
  return parsed;
}

double exact(const json& hex) {
  return std::strtod(hex.get<std::string>().c_str(), nullptr);
}

std::uint64_t whole(const json& digits) {
  return std::strtoull(digits.get<std::string>().c_str(), nullptr, 10);
}

// One generator through all calls of a case, in the order of make_numpy_vectors.py: a call that took one draw too many
// spoils all that follow.
void replay(const json& c) {
  NumpyRandom raw(whole(c["seed"])), r(whole(c["seed"]));
  for (const json& word : c["raw"]) EXPECT_EQ(raw.next64(), whole(word));
  for (const json& value : c["random"]) EXPECT_EQ(r.random(), exact(value));
  for (const json& row : c["integers"])
    for (const json& value : row[2])
      EXPECT_EQ(r.integers(std::stoll(row[0].get<std::string>()), std::stoll(row[1].get<std::string>())),
                std::stoll(value.get<std::string>()));
  for (const json& order : c["permutation"])
    EXPECT_EQ(r.permutation(static_cast<std::int64_t>(order.size())), order.get<std::vector<std::int64_t>>());
  std::vector<double> weights = {3.0, 0.0, 5.0, 1.0, 11.0};
  for (double& w : weights) w /= 20.0;
  for (const json& index : c["choice"]) EXPECT_EQ(r.choice(weights), index.get<std::size_t>());
  std::vector<double> p(12);
  for (std::size_t i = 0; i < p.size(); ++i) p[i] = std::pow(static_cast<double>(i + 1), 0.9);
  const double total = numpy_sum(p);
  for (double& value : p) value /= total;
  for (const json& row : c["without_replacement"])
    EXPECT_EQ(r.choice_without_replacement(p, row[0].get<std::size_t>()), row[1].get<std::vector<std::size_t>>());
  for (const json& row : c["multinomial"])
    EXPECT_EQ(r.multinomial(row[0].get<std::int64_t>(), p), row[1].get<std::vector<std::int64_t>>());
  for (const json& row : c["binomial"])
    for (const json& value : row[2])
      EXPECT_EQ(r.binomial(row[0].get<std::int64_t>(), exact(row[1])), value.get<std::int64_t>());
  EXPECT_EQ(r.next64(), whole(c["after"]));
}

TEST(NumpyRandom, DrawsWhatNumpyDraws) {
  ASSERT_GE(vectors()["cases"].size(), 5U);
  for (const json& c : vectors()["cases"]) {
    SCOPED_TRACE("seed " + c["seed"].get<std::string>());
    replay(c);
  }
}

TEST(NumpyRandom, SumsInNumpysOrder) {
  for (const json& row : vectors()["sums"]) {
    std::vector<double> values;
    for (const json& value : row[0]) values.push_back(exact(value));
    EXPECT_EQ(numpy_sum(values), exact(row[1])) << values.size();
  }
}

}  // namespace
}  // namespace pg::data

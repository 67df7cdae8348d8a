#include "verify/report/canonical.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

namespace pg::verify {
namespace {

using nlohmann::json;

TEST(CanonicalJson, PrintsNumbersAsEcmaScriptDoes) {
  // Values and texts of RFC 8785, appendix B, and around the switches between the notations.
  const std::pair<double, const char*> cases[] = {{0.0, "0"},
                                                  {-0.0, "0"},
                                                  {5e-324, "5e-324"},
                                                  {-5e-324, "-5e-324"},
                                                  {1.0, "1"},
                                                  {1.5, "1.5"},
                                                  {-12.25, "-12.25"},
                                                  {9007199254740992.0, "9007199254740992"},
                                                  {1e20, "100000000000000000000"},
                                                  {295147905179352830000.0, "295147905179352830000"},
                                                  {1e21, "1e+21"},
                                                  {9.999999999999997e22, "9.999999999999997e+22"},
                                                  {0.000001, "0.000001"},
                                                  {9.999999999999997e-7, "9.999999999999997e-7"},
                                                  {1e-7, "1e-7"},
                                                  {333333333.3333332, "333333333.3333332"},
                                                  {-0.0000033333333333333333, "-0.0000033333333333333333"},
                                                  {1.7976931348623157e308, "1.7976931348623157e+308"},
                                                  {1.08103103, "1.08103103"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(canonical_json(value), text);
}

TEST(CanonicalJson, NumbersRoundTrip) {
  unsigned state = 1;
  for (int i = 0; i < 20000; ++i) {
    double value = 0;
    std::uint64_t bits = 0;
    for (int k = 0; k < 4; ++k) bits = bits << 16 | ((state = state * 1103515245u + 12345u) >> 16);
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(std::strtod(canonical_json(value).c_str(), nullptr), value);
  }
}

TEST(CanonicalJson, SortsMembersByUtf16CodeUnits) {
  // RFC 8785, 3.2.3.
  const json value = {{"\u20ac", 1},     {"\r", 2},     {"\ufb33", 3}, {"1", 4},
                      {"\U0001f600", 5}, {"\u0080", 6}, {"\u00f6", 7}};
  EXPECT_EQ(canonical_json(value),
            "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001f600\":5,\"\ufb33\":3}");
}

TEST(CanonicalJson, EscapesAsLittleAsAllowed) {
  EXPECT_EQ(canonical_json(std::string("\"\\/\b\f\n\r\t\x01\x1f\x7f") + '\0' + "é"),
            "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000é\"");
}

TEST(CanonicalJson, StaysValidWhereTheSchemeHasNoAnswer) {
  EXPECT_EQ(canonical_json("\xff"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(canonical_json(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(canonical_json(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(canonical_json(std::numeric_limits<std::int64_t>::max()), "9223372036854775807");
  EXPECT_EQ(canonical_json(json::array({nullptr, true, false, json::object(), json::array()})),
            "[null,true,false,{},[]]");
}

}  // namespace
}  // namespace pg::verify

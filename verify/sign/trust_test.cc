#include "verify/sign/trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "verify/report/schema_check.h"
#include "verify/sign/test_keys.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// The public key of RFC 8032's TEST 1 in base64.
constexpr const char* kRawKey = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

json good() {
  return {{"schema", "pgverify/trust/v1"},
          {"threshold", 2},
          {"keys",
           {{{"name", "lab one"},
             {"key", kRawKey},
             {"verifiers", {"urn:one"}},
             {"not_before", "2026-01-01T00:00:00Z"},
             {"not_after", "2026-12-31T23:59:59Z"},
             {"policies", {{{"name", "p"}, {"sha256", std::string(64, 'a')}}}}},
            {{"name", "lab two"}, {"key", test_key(1).public_key().pem()}, {"verifiers", {"urn:two", "urn:one"}}}}}};
}

std::string error_of(const json& value) {
  const auto trust = parse_trust(value.dump(), "trust.json");
  return trust ? "" : trust.error().message;
}

TEST(Trust, ReadsKeysInBothForms) {
  const auto trust = parse_trust(good().dump(), "trust.json");
  ASSERT_TRUE(trust) << trust.error().message;
  EXPECT_EQ(trust->threshold, 2);
  ASSERT_EQ(trust->keys.size(), 2u);
  EXPECT_EQ(trust->keys[0].key.id(), test_key(0).public_key().id());
  EXPECT_EQ(trust->keys[1].key.id(), test_key(1).public_key().id());
  EXPECT_EQ(trust->keys[0].not_before, 1767225600);
  EXPECT_THAT(trust->keys[0].policies, ElementsAre(std::string(64, 'a')));
  EXPECT_FALSE(trust->keys[1].not_after);
  EXPECT_THAT(trust->keys[1].verifiers, ElementsAre("urn:two", "urn:one"));
}

TEST(Trust, MistakesAreNamedWithTheFile) {
  const auto with = [](const char* pointer, json part) {
    json value = good();
    value[json::json_pointer(pointer)] = std::move(part);
    return error_of(value);
  };
  EXPECT_THAT(with("/schema", "v0"), HasSubstr("trust.json"));
  EXPECT_THAT(with("/threshold", 3), HasSubstr("from 1 to 2"));
  EXPECT_THAT(with("/threshold", 0), HasSubstr("from 1 to 2"));
  EXPECT_THAT(with("/threshold", "2"), HasSubstr("from 1 to 2"));
  EXPECT_THAT(with("/treshold", 1), HasSubstr("unknown key \"treshold\""));
  EXPECT_THAT(with("/keys", json::array()), HasSubstr("1 to 1000"));
  EXPECT_THAT(with("/keys/0/key", "AAAA"), HasSubstr("32 bytes"));
  EXPECT_THAT(with("/keys/0/key", *test_key(0).pem("")), HasSubstr("private key"));
  EXPECT_THAT(with("/keys/1/key", kRawKey), HasSubstr("twice"));
  EXPECT_THAT(with("/keys/0/verifiers", json::array()), HasSubstr("verifiers"));
  EXPECT_THAT(with("/keys/0/expires", "x"), HasSubstr("unknown key"));
  EXPECT_THAT(with("/keys/0/not_after", "2026-02-30T00:00:00Z"), HasSubstr("has to be a time"));
  EXPECT_THAT(with("/keys/0/not_after", "2025-01-01T00:00:00Z"), HasSubstr("never valid"));
  EXPECT_THAT(with("/keys/0/policies", json::array()), HasSubstr("leave it out"));
  EXPECT_THAT(with("/keys/0/policies/0/sha256", "ABC"), HasSubstr("64 lowercase"));
  json lacking = good();
  lacking["keys"][0].erase("verifiers");
  EXPECT_THAT(error_of(lacking), HasSubstr("lacks \"verifiers\""));
  EXPECT_FALSE(parse_trust("{\"schema\":1,\"schema\":2}", "t"));
}

// The page's example has to be a trust file, and the schema has to allow what is read.
TEST(Trust, PageAndSchemaAgreeWithTheReader) {
  const auto page = read_file(PG_SOURCE_DIR "/docs/formats/trust.md", 1 << 20);
  ASSERT_TRUE(page);
  const std::size_t begin = page->find("```json\n") + 8;
  const std::string example = page->substr(begin, page->find("```", begin) - begin);
  const auto trust = parse_trust(example, "trust.md");
  ASSERT_TRUE(trust) << trust.error().message;
  EXPECT_EQ(trust->keys[1].key.id(), test_key(1).public_key().id());
  const auto schema = read_file(PG_SOURCE_DIR "/docs/formats/trust-v1.schema.json", 1 << 20);
  ASSERT_TRUE(schema);
  const json parsed = json::parse(*schema);
  EXPECT_THAT(check_schema(parsed, json::parse(example)), ::testing::IsEmpty());
  EXPECT_THAT(check_schema(parsed, good()), ::testing::IsEmpty());
  EXPECT_THAT(undescribed(parsed), ::testing::IsEmpty());
  json bad = good();
  bad["keys"][0]["expires"] = "x";
  EXPECT_THAT(check_schema(parsed, bad), Not(::testing::IsEmpty()));
}

TEST(Trust, TimesHaveOneFormAndHaveToExist) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_time("2024-02-29T12:00:00Z"), 1709208000);
  for (const char* bad :
       {"", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00", "2024-01-01T00:00:00+0", "2024-1-01T00:00:00ZZ"})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

}  // namespace
}  // namespace pg::verify

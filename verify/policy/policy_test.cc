#include "verify/policy/policy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "verify/policy/data_dir.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

nlohmann::json valid() {
  return {{"schema", "pgverify/policy/v1"},
          {"name", "test"},
          {"title", "T"},
          {"source", "S"},
          {"limit_bytes", 100},
          {"size_convention", "reachable"},
          {"train_limit_ms", 1},
          {"eval_limit_ms", 2},
          {"last_step_tolerance_ms", 0},
          {"world_size", 4},
          {"min_seeds", 5},
          {"required_keys", {"a", "b"}},
          {"severity", {{"PG-SIZE-CAP", "warning"}}}};
}

nlohmann::json valid_statistics() {
  return {{"decides", "b"},
          {"readings",
           {{{"name", "a"}, {"title", "A"}, {"test", "welch"}, {"margin", 0}, {"unit", "bpb"}, {"alpha", 0.25}},
            {{"name", "b"},
             {"title", "B"},
             {"test", "one_sample"},
             {"margin", 0.005},
             {"unit", "nats/token"},
             {"alpha", 0.01}}}},
          {"sigma_bpb", 0.0007},
          {"power", 0.9},
          {"chain_alpha", 0.05},
          {"equivalence", {{"margin", 0.002}, {"unit", "bpb"}, {"alpha", 0.1}}}};
}

std::string error_of(const std::string& text) {
  const auto policy = parse_policy("p.json", text);
  return policy ? "parsed" : policy.error().message;
}

// Sets PGVERIFY_DATA_DIR for one test.
class DataDirVariable {
 public:
  explicit DataDirVariable(const std::string& value) { ::setenv("PGVERIFY_DATA_DIR", value.c_str(), 1); }
  ~DataDirVariable() { ::unsetenv("PGVERIFY_DATA_DIR"); }
};

TEST(Policy, ReadsEveryField) {
  const std::string text = valid().dump();
  const auto policy = parse_policy("p.json", text);
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->name, "test");
  EXPECT_EQ(policy->limit_bytes, 100);
  EXPECT_EQ(policy->size_convention, SizeConvention::reachable);
  EXPECT_EQ(policy->train_limit_ms, 1);
  EXPECT_EQ(policy->eval_limit_ms, 2);
  EXPECT_EQ(policy->last_step_tolerance_ms, 0);
  EXPECT_EQ(policy->world_size, 4);
  EXPECT_EQ(policy->min_seeds, 5);
  EXPECT_THAT(policy->required_keys, ElementsAre("a", "b"));
  EXPECT_EQ(policy->severity.at("PG-SIZE-CAP"), Severity::warning);
  EXPECT_EQ(policy->digest, sha256_hex(text));
}

TEST(Policy, NamesTheUnknownKey) {
  auto policy = valid();
  policy["limt_bytes"] = 1;
  EXPECT_THAT(error_of(policy.dump()), HasSubstr("unknown key: \"limt_bytes\""));
}

TEST(Policy, NamesTheMissingKey) {
  auto policy = valid();
  policy.erase("train_limit_ms");
  EXPECT_THAT(error_of(policy.dump()), HasSubstr("missing key: \"train_limit_ms\""));
}

TEST(Policy, NamesTheKeyOfAWrongType) {
  for (const char* key : {"name", "limit_bytes", "size_convention", "required_keys", "severity", "schema"}) {
    auto policy = valid();
    policy[key] = true;
    EXPECT_THAT(error_of(policy.dump()), HasSubstr(fmt::format("\"{}\"", key))) << key;
  }
}

TEST(Policy, RefusesNumbersOutOfRange) {
  for (const nlohmann::json& value : {nlohmann::json(0), nlohmann::json(-1), nlohmann::json(1.5),
                                      nlohmann::json(18446744073709551615ull), nlohmann::json("16000000")}) {
    auto policy = valid();
    policy["limit_bytes"] = value;
    EXPECT_THAT(error_of(policy.dump()), HasSubstr("\"limit_bytes\" has to be an integer")) << value;
  }
}

TEST(Policy, RefusesUnknownSeveritiesAndRuleIds) {
  auto policy = valid();
  policy["severity"] = {{"PG-SIZE-CAP", "fatal"}};
  EXPECT_THAT(error_of(policy.dump()), HasSubstr("\"severity.PG-SIZE-CAP\" is \"fatal\", has to be one of error"));
  policy["severity"] = {{"size", "error"}};
  EXPECT_THAT(error_of(policy.dump()), HasSubstr("unknown rule id: \"severity\" names \"size\""));
}

TEST(Policy, CannotSwitchARuleOff) {
  auto policy = valid();
  policy["severity"] = {{"PG-SIZE-CAP", "off"}};
  EXPECT_THAT(error_of(policy.dump()), HasSubstr("nothing switches a rule off"));
}

TEST(Policy, RefusesDuplicateKeysAndBrokenJson) {
  EXPECT_THAT(error_of(R"({"name":"a","name":"b"})"), HasSubstr("duplicate key: \"name\""));
  EXPECT_THAT(error_of("{\n\"name\": }"), HasSubstr("line 2"));
  EXPECT_THAT(error_of("[]"), HasSubstr("a policy is a JSON object"));
  EXPECT_THAT(error_of(""), HasSubstr("policy p.json"));
}

TEST(Policy, ShippedPoliciesLoadAndDifferInTheSizeThatDecides) {
  EXPECT_THAT(policy_names(), ElementsAre("practice-2026-04", "readme-2026-03"));
  const auto practice = load_policy(std::string(kDefaultPolicy));
  ASSERT_TRUE(practice) << practice.error().message;
  EXPECT_EQ(practice->size_convention, SizeConvention::as_logged);
  const auto readme = load_policy("readme-2026-03");
  ASSERT_TRUE(readme) << readme.error().message;
  EXPECT_EQ(readme->size_convention, SizeConvention::as_shipped);
  for (const auto& policy : {*practice, *readme}) {
    EXPECT_EQ(policy.limit_bytes, 16'000'000);
    EXPECT_EQ(policy.train_limit_ms, 600'000);
    EXPECT_EQ(policy.eval_limit_ms, 600'000);
  }
}

TEST(PolicyStatistics, AreReadAndMayBeAbsent) {
  auto policy = valid();
  EXPECT_FALSE(parse_policy("p.json", policy.dump())->statistics);
  policy["statistics"] = valid_statistics();
  const auto parsed = parse_policy("p.json", policy.dump());
  ASSERT_TRUE(parsed) << parsed.error().message;
  const StatisticsPolicy& s = *parsed->statistics;
  EXPECT_EQ(s.readings.size(), 2u);
  EXPECT_EQ(s.deciding().name, "b");
  EXPECT_EQ(s.deciding().test, StatTest::one_sample);
  EXPECT_EQ(s.deciding().margin, 0.005);
  EXPECT_EQ(s.deciding().unit, stats::Unit::nats_per_token);
  EXPECT_EQ(s.readings[0].alpha, 0.25);
  EXPECT_EQ(s.sigma_bpb, 0.0007);
  EXPECT_EQ(s.power, 0.9);
  EXPECT_EQ(s.equivalence.margin, 0.002);
  EXPECT_EQ(s.equivalence.alpha, 0.1);
}

TEST(PolicyStatistics, NamesWhatIsWrongWithTheFullKey) {
  const auto error_with = [](const std::string& pointer, const nlohmann::json& value) {
    auto policy = valid();
    policy["statistics"] = valid_statistics();
    policy[nlohmann::json::json_pointer("/statistics" + pointer)] = value;
    return error_of(policy.dump());
  };
  EXPECT_THAT(error_with("", 7), HasSubstr("\"statistics\" has to be an object"));
  EXPECT_THAT(error_with("/decides", "c"), HasSubstr("\"statistics.decides\" is \"c\", which is the name of no"));
  EXPECT_THAT(error_with("/readings/1/unit", "nats"), HasSubstr("\"statistics.readings[1].unit\" is \"nats\""));
  EXPECT_THAT(error_with("/readings/0/test", "bootstrap"), HasSubstr("has to be one of welch, one_sample"));
  EXPECT_THAT(error_with("/readings/0/alpha", 0), HasSubstr("\"statistics.readings[0].alpha\""));
  EXPECT_THAT(error_with("/readings/0/margin", -0.1), HasSubstr("\"statistics.readings[0].margin\""));
  EXPECT_THAT(error_with("/readings/1/name", "a"), HasSubstr("two readings"));
  EXPECT_THAT(error_with("/readings", nlohmann::json::array()), HasSubstr("list of 1 to"));
  EXPECT_THAT(error_with("/readings/0/tail", "two"), HasSubstr("unknown key: \"statistics.readings[0].tail\""));
  EXPECT_THAT(error_with("/equivalence", nlohmann::json::object()),
              HasSubstr("missing key: \"statistics.equivalence."));
}

TEST(PolicyStatistics, ShippedPoliciesHoldTheFivePublishedReadingsAndDifferInTheOneThatDecides) {
  for (const auto& [name, decides] :
       {std::pair("practice-2026-04", "applied"), std::pair("readme-2026-03", "readme_nats_token")}) {
    const auto policy = load_policy(name);
    ASSERT_TRUE(policy) << policy.error().message;
    ASSERT_TRUE(policy->statistics);
    EXPECT_EQ(policy->statistics->readings.size(), 5u);
    EXPECT_EQ(policy->statistics->deciding().name, decides);
  }
}

TEST(Policy, UnknownNameListsTheKnownOnes) {
  const auto policy = load_policy("readme");
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().message, HasSubstr("practice-2026-04, readme-2026-03"));
}

TEST(Policy, LoadsByPathAndRefusesAFileUnderAnotherName) {
  const fs::path folder = fs::path(::testing::TempDir()) / "pg_policy";
  fs::create_directories(folder / "policies");
  ASSERT_TRUE(write_file_atomic(folder / "policies/other.json", valid().dump()));
  const auto by_path = load_policy((folder / "policies/other.json").string());
  ASSERT_TRUE(by_path) << by_path.error().message;
  EXPECT_EQ(by_path->name, "test");
  const DataDirVariable variable(folder.string());
  const auto by_name = load_policy("other");
  ASSERT_FALSE(by_name);
  EXPECT_THAT(by_name.error().message, HasSubstr("its \"name\" is test"));
  EXPECT_FALSE(load_policy((folder / "missing.json").string()));
}

TEST(DataDir, VariableWinsAndIsNeverReplacedSilently) {
  const DataDirVariable variable("/nonexistent/pg");
  const auto folder = data_dir(DataKind::rules);
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().message, HasSubstr("tried /nonexistent/pg/rules. Set PGVERIFY_DATA_DIR"));
  EXPECT_THAT(data_dir_candidates(DataKind::policies), ElementsAre(fs::path("/nonexistent/pg/policies")));
}

TEST(DataDir, LooksBesideTheProgramBeforeTheSourceTree) {
  const auto candidates = data_dir_candidates(DataKind::schemas);
  ASSERT_EQ(candidates.size(), 2u);
  EXPECT_THAT(candidates[0].string(), ::testing::EndsWith("/share/pgverify/schemas"));
  EXPECT_EQ(candidates[1], fs::path(PG_SOURCE_DIR) / "docs/formats");
}

}  // namespace
}  // namespace pg::verify

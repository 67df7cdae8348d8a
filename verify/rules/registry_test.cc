#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <stdexcept>

#include "verify/policy/policy.h"
#include "verify/rules/rule.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;

std::vector<RuleResult> one(const char* id, Verdict verdict, Severity severity) {
  RuleResult result;
  result.id = id;
  result.verdict = verdict;
  result.severity = severity;
  return {result};
}

constexpr Rule kPasses{"PG-T-PASS", "", "", "", [](const Submission&, const Policy&) {
                         return one("PG-T-PASS", Verdict::pass, Severity::error);
                       }};
constexpr Rule kFails{"PG-T-FAIL", "", "", "", [](const Submission&, const Policy&) {
                        return one("PG-T-FAIL", Verdict::fail, Severity::error);
                      }};
constexpr Rule kThrows{"PG-T-THROW", "", "", "", [](const Submission&, const Policy&) -> std::vector<RuleResult> {
                         throw std::runtime_error("index out of range");
                       }};
constexpr Rule kThrowsInt{"PG-T-INT", "", "", "",
                          [](const Submission&, const Policy&) -> std::vector<RuleResult> { throw 1; }};
constexpr Rule kSilent{"PG-T-SILENT", "", "", "",
                       [](const Submission&, const Policy&) { return std::vector<RuleResult>(); }};
constexpr Rule kOtherId{"PG-T-OTHER", "", "", "", [](const Submission&, const Policy&) {
                          return one("PG-T-PASS", Verdict::pass, Severity::error);
                        }};

TEST(CheckRules, GoesOnBehindAFailureAndKeepsTheOrder) {
  const auto results = check_rules({kFails, kPasses}, {}, {});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].id, "PG-T-FAIL");
  EXPECT_EQ(results[1].verdict, Verdict::pass);
}

TEST(CheckRules, DefectiveRuleIsInconclusiveAndNeverAPassOrACrash) {
  for (const Rule& rule : {kThrows, kThrowsInt, kSilent, kOtherId}) {
    const auto results = check_rules({rule, kPasses}, {}, {});
    ASSERT_EQ(results.size(), 2u) << rule.id;
    EXPECT_EQ(results[0].id, rule.id);
    EXPECT_EQ(results[0].verdict, Verdict::inconclusive);
    EXPECT_EQ(results[0].severity, Severity::error);
    EXPECT_THAT(results[0].message, HasSubstr("could not be evaluated"));
    EXPECT_EQ(overall_verdict(results), Verdict::inconclusive);
  }
  EXPECT_THAT(check_rules({kThrows}, {}, {})[0].message, HasSubstr("index out of range"));
}

TEST(CheckRules, PolicySeverityWinsOverTheRules) {
  Policy policy;
  policy.severity = {{"PG-T-FAIL", Severity::warning}, {"PG-T-PASS", Severity::info}};
  const auto results = check_rules({kFails, kPasses}, {}, policy);
  EXPECT_EQ(results[0].severity, Severity::warning);
  EXPECT_EQ(results[1].severity, Severity::error) << "a pass keeps the weight its failure would have";
  EXPECT_EQ(overall_verdict(results), Verdict::pass);
}

TEST(OverallVerdict, FailBeatsInconclusiveBeatsPassAndOnlyErrorsWeigh) {
  const auto combine = [](std::initializer_list<std::pair<Verdict, Severity>> parts) {
    std::vector<RuleResult> results;
    for (const auto& [verdict, severity] : parts) results.push_back(one("PG-T", verdict, severity)[0]);
    return overall_verdict(results);
  };
  using enum Verdict;
  using enum Severity;
  EXPECT_EQ(combine({}), pass);
  EXPECT_EQ(combine({{pass, error}, {not_applicable, error}}), pass);
  EXPECT_EQ(combine({{fail, warning}, {fail, info}, {inconclusive, warning}}), pass);
  EXPECT_EQ(combine({{inconclusive, error}, {pass, error}}), inconclusive);
  EXPECT_EQ(combine({{inconclusive, error}, {fail, error}}), fail);
}

TEST(Registry, IdsAreUniqueWellFormedAndHaveWords) {
  std::set<std::string_view> ids;
  for (const Rule& rule : all_rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_TRUE(rule.id.starts_with("PG-")) << rule.id;
    EXPECT_FALSE(rule.title.empty() || rule.decides.empty() || rule.not_meaning.empty()) << rule.id;
    EXPECT_EQ(find_rule(rule.id), &rule);
  }
  EXPECT_EQ(find_rule("PG-NO-SUCH-RULE"), nullptr);
}

TEST(Registry, EveryRuleHasItsPageAndEveryPageItsRule) {
  const std::filesystem::path pages = PG_SOURCE_DIR "/docs/rules";
  for (const Rule& rule : all_rules())
    EXPECT_TRUE(std::filesystem::is_regular_file(pages / (std::string(rule.id) + ".md"))) << rule.id;
  if (!std::filesystem::is_directory(pages)) return;
  for (const auto& entry : std::filesystem::directory_iterator(pages)) {
    const std::string stem = entry.path().stem().string();
    if (stem.starts_with("PG-")) {
      EXPECT_NE(find_rule(stem), nullptr) << "a page without a rule: " << stem;
    }
  }
}

TEST(Registry, EveryRuleAnswersForAnEmptySubmission) {
  const auto results = check_all({}, {});
  for (const Rule& rule : all_rules()) {
    const auto it =
        std::find_if(results.begin(), results.end(), [&](const RuleResult& result) { return result.id == rule.id; });
    ASSERT_NE(it, results.end()) << rule.id;
    EXPECT_THAT(it->message, ::testing::Not(HasSubstr("could not be evaluated")));
  }
}

TEST(CheckPolicy, NamesARuleThatDoesNotExist) {
  Policy policy;
  policy.name = "p";
  policy.severity = {{"PG-T-FAIL", Severity::info}};
  EXPECT_TRUE(check_policy(policy, {kFails}));
  const Status status = check_policy(policy, {kPasses});
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("names PG-T-FAIL, which is no rule"));
}

TEST(CheckPolicy, ShippedPoliciesNameKnownRulesOnly) {
  for (const std::string& name : policy_names()) {
    const auto policy = load_policy(name);
    ASSERT_TRUE(policy) << policy.error().message;
    EXPECT_TRUE(check_policy(*policy, all_rules()));
  }
}

}  // namespace
}  // namespace pg::verify

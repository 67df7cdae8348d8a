#include "verify/rules/meta_track.h"

#include <gtest/gtest.h>

#include "verify/rules/test_submission.h"

namespace pg::verify {
namespace {

using namespace testing_submission;

std::vector<RuleResult> with(std::string_view track, std::string_view name, const char* folder) {
  Submission s = complete("{\"name\": \"" + std::string(name) + "\",\n\"track\": \"" + std::string(track) + "\"}");
  s.track = folder;
  return failures(kRuleMetaTrack, s);
}

TEST(MetaTrack, AcceptsTheSpellingsInUse) {
  for (const char* track : {"10min_16mb", "track_10min_16mb", "10min-16mb"})
    EXPECT_TRUE(with(track, "N", "10min_16mb").empty()) << track;
  for (const char* track : {"non_record_16mb", "non-record-16mb", "non-record-unlimited-compute-16mb"})
    EXPECT_TRUE(with(track, "Non-record: N", "non_record_16mb").empty()) << track;
}

TEST(MetaTrack, WarnsWhereFileAndPathDisagree) {
  const auto results = with("non-record-16mb", "N", "10min_16mb");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].severity, Severity::warning);
  EXPECT_EQ(results[0].evidence[0].line, 2U);
  EXPECT_EQ(with("10min_16mb", "N", "non_record_16mb").size(), 1U);
  EXPECT_EQ(with("my-track", "N", "10min_16mb").size(), 1U);
}

TEST(MetaTrack, WarnsAboutANonRecordNameInTheRecordTrack) {
  EXPECT_EQ(with("10min_16mb", "Non-record: residuals", "10min_16mb").size(), 1U);
}

TEST(MetaTrack, PassesWithoutTheKeyAndIsSkippedWithoutAPath) {
  Submission s = complete();
  EXPECT_EQ(only_verdict(kRuleMetaTrack, s), Verdict::pass);
  s.track_from_path = false;
  EXPECT_EQ(only_verdict(kRuleMetaTrack, s), Verdict::not_applicable);
  s.metadata.track.value = "non_record_16mb";
  EXPECT_EQ(only_verdict(kRuleMetaTrack, s), Verdict::fail) << "only its own word takes it out of the limits";
}

}  // namespace
}  // namespace pg::verify

// Over the contest's own checkout, where PG_RECORDS_DIR names it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "verify/cli/run_program.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using testing::ElementsAre;

json board(std::vector<std::string> arguments) {
  const char* root = std::getenv("PG_RECORDS_DIR");
  if (root == nullptr || *root == '\0') return nullptr;
  arguments.insert(arguments.begin(), {"leaderboard", root, "--format", "json"});
  const Finished done = run_pgverify(arguments);
  EXPECT_EQ(done.code, 0) << done.err;
  return json::parse(done.out);
}

bool is_the_contest(const json& value) {
  return !value.is_null() && value["rows"].size() == 60 && value["tables"][0]["track"] == "10min_16mb";
}

std::vector<int> passing(const json& value) {
  return value["tables"][0]["by_score"]["passing"].get<std::vector<int>>();
}

// Of the merged records with per-seed values in submission.json, 20, 10, 6, 3 and 2 of 21 steps pass the five readings.
// That count knows 22 rows; this reader finds a 23rd, whose scores stand in a list beside the seeds. It lies between
// two of the others, so one step of 0.0081 bpb becomes two, of 0.0066 and 0.0015: both pass at p < 0.25, the larger
// alone at p < 0.01 and with 0.005 nats per token, and neither with 0.005 bpb.
TEST(LeaderboardData, CountsTheChainsPassingSteps) {
  const json all = board({"--scores", "claimed"});
  if (!is_the_contest(all)) GTEST_SKIP() << "PG_RECORDS_DIR is no checkout of the contest with its 60 folders";
  EXPECT_EQ(all["tables"][0]["by_score"]["steps"].size(), 22u);
  EXPECT_THAT(passing(all), ElementsAre(21, 10, 6, 2, 2));
  const json without = board({"--scores", "claimed", "--exclude", "2026-04-03_MuonEqR_DepthRecurrence_WD090_AllInt6"});
  EXPECT_EQ(without["tables"][0]["by_score"]["steps"].size(), 21u);
  EXPECT_THAT(passing(without), ElementsAre(20, 10, 6, 3, 2));
}

TEST(LeaderboardData, RegeneratesTheReadmesTable) {
  const json value = board({});
  if (!is_the_contest(value)) GTEST_SKIP() << "PG_RECORDS_DIR is no checkout of the contest with its 60 folders";
  EXPECT_EQ(value["coverage"]["complete"], true);
  EXPECT_EQ(value["readme"]["rows"].size(), 59u);
  EXPECT_EQ(value["readme"]["found"], 54);
  EXPECT_EQ(value["readme"]["agreeing"], 43);
  EXPECT_EQ(value["readme"]["claim_only"], 9) << "rounded the claim, while the folder's logs give another mean";
}

}  // namespace
}  // namespace pg::verify

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "verify/cli/exit_code.h"
#include "verify/cli/run_program.h"
#include "verify/cli/test_tree.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

// A checkout with three records and a README that lists two of them.
class Checkout : public testing::Test {
 protected:
  Checkout() {
    record("2026-03-01_Old", {"1.20010000", "1.20040000", "1.20070000"});
    record("2026-03-02_New", {"1.10010000", "1.10040000", "1.10070000"});
    tree_.folder("records/track_10min_16mb/2026-03-03_Empty");
    tree_.file("data/x", "x");
    tree_.file("README.md",
               "# Leaderboard\n\n| Run | Score | Author | Date | Info |\n|---|---|---|---|---|\n"
               "| New | 1.1004 | c | 2026-03-02 | [i](records/track_10min_16mb/2026-03-02_New/README.md) |\n"
               "| Old | 1.2101 | c | 2026-03-01 | [i](records/track_10min_16mb/2026-03-01_Old/README.md) |\n");
  }

  void record(const std::string& name, const std::vector<std::string>& scores) {
    const std::string path = "records/track_10min_16mb/" + name;
    tree_.submission(path);
    for (std::size_t i = 0; i < scores.size(); ++i)
      tree_.file(fmt::format("{}/train_seed{}.log", path, i + 1),
                 fmt::format("Hyperparameters:\n  seed: {}\n4550/20000 val_loss: 2.8 val_bpb: 1.3\nstopping_early: "
                             "wallclock_cap train_time: 588047ms step: 4550/20000\nquantized_ttt val_loss:{:.8f} "
                             "val_bpb:{} eval_time:368074ms\n",
                             i + 1, std::stod(scores[i]) * 2.583104, scores[i]));
    tree_.file(path + "/submission.json",
               R"({"name": "A", "author": "B", "github_id": "c", "val_bpb": )" + scores[1] + "}\n");
  }

  Finished board(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"leaderboard", tree_.root().string()});
    return run_pgverify(arguments);
  }
  json board_json(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.end(), {"--format", "json"});
    const Finished done = board(std::move(arguments));
    EXPECT_EQ(done.code, kExitOk) << done.err;
    return done.out.empty() ? json() : json::parse(done.out);
  }

  TestTree tree_;
};

TEST_F(Checkout, GetsOneRowPerFolderAndAProofOfIt) {
  const json value = board_json();
  std::vector<std::string> names;
  for (const json& row : value["rows"]) names.push_back(row["name"]);
  EXPECT_THAT(names, ElementsAre("2026-03-01_Old", "2026-03-02_New", "2026-03-03_Empty"));
  EXPECT_EQ(value["coverage"]["complete"], true);
  EXPECT_EQ(value["coverage"]["rows"], 3);
  EXPECT_EQ(value["coverage"]["without_row"][0]["folder"], "data");
  EXPECT_EQ(value["tables"][0]["order"][0]["rank"], 1);
  EXPECT_TRUE(value["tables"][0]["order"][2]["rank"].is_null()) << "the empty folder is listed without a rank";
}

TEST_F(Checkout, TestsTheStepBetweenRecords) {
  const json chain = board_json()["tables"][0]["by_time"];
  ASSERT_EQ(chain["steps"].size(), 1u);
  EXPECT_EQ(chain["steps"][0]["verdict"], "pass");
  EXPECT_EQ(chain["passing"], json::array({1, 1, 1, 1, 1}));
}

TEST_F(Checkout, IsComparedWithItsReadme) {
  const json readme = board_json()["readme"];
  EXPECT_EQ(readme["found"], 2);
  EXPECT_EQ(readme["agreeing"], 1);
  EXPECT_THAT(readme["rows"][1]["remark"].get<std::string>(), HasSubstr("the folder's runs give 1.20040000"));
  EXPECT_EQ(readme["not_listed"].size(), 1u);
  EXPECT_TRUE(board_json({"--no-readme"})["readme"].is_null());
  const std::string records = (tree_.root() / "records/track_10min_16mb").string();
  const Finished below = run_pgverify({"leaderboard", records, "--format", "json"});
  EXPECT_EQ(json::parse(below.out)["readme"]["found"], 2) << "the README of the checkout it lies in";
}

TEST_F(Checkout, OfOneTracksFolderOnlyThatTracksRowsAreCompared) {
  tree_.submission("records/track_long/2026-03-05_Other");
  tree_.file("README.md",
             "# Leaderboard\n\n| Run | Score | Info |\n|---|---|---|\n"
             "| New | 1.1004 | [i](records/track_10min_16mb/2026-03-02_New/README.md) |\n\n# Others\n\n"
             "| Run | Score | Info |\n|---|---|---|\n| Other | 1.5 | [i](records/track_long/2026-03-05_Other) |\n"
             "| Unlinked | 1.6 | |\n");
  EXPECT_EQ(board_json()["readme"]["rows"].size(), 3u);
  const std::string track = (tree_.root() / "records/track_10min_16mb").string();
  const json readme = json::parse(run_pgverify({"leaderboard", track, "--format", "json"}).out)["readme"];
  EXPECT_EQ(readme["rows"].size(), 1u);
  EXPECT_EQ(readme["other_tracks"], 2);
  EXPECT_THAT(run_pgverify({"leaderboard", track}).out, HasSubstr("2 rows of other tracks"));
}

TEST_F(Checkout, RendersInEveryFormatAndTheSameBytesEachTime) {
  for (const char* format : {"text", "markdown", "html", "json"}) {
    const Finished done = board({"--format", format});
    EXPECT_EQ(done.code, kExitOk) << done.err;
    EXPECT_THAT(done.out, HasSubstr("2026-03-02"));
    EXPECT_EQ(done.out, board({"--format", format, "-j", "4"}).out);
  }
}

TEST_F(Checkout, KnowsItsScoresAndExclusions) {
  EXPECT_EQ(board_json({"--scores", "claimed"})["rows"][0]["scores"].size(), 0u);
  const json without = board_json({"--exclude", "2026-03-02_New"});
  EXPECT_EQ(without["rows"][1]["excluded"], true);
  EXPECT_EQ(without["tables"][0]["by_score"]["steps"].size(), 0u);
  EXPECT_THAT(board({"--exclude", "nothing"}).err, HasSubstr("no folder below the root has this name"));
}

TEST_F(Checkout, SaysWhatItCannotUse) {
  EXPECT_EQ(board({"--readme", "/nonexistent"}).code, kExitError);
  tree_.file("other.md", "no table\n");
  EXPECT_THAT(board({"--readme", (tree_.root() / "other.md").string()}).err, HasSubstr("columns Run and Score"));
  EXPECT_EQ(board({"--format", "pdf"}).code, kExitError);
  EXPECT_EQ(run_pgverify({"leaderboard", (tree_.root() / "data").string()}).code, kExitError);
}

}  // namespace
}  // namespace pg::verify

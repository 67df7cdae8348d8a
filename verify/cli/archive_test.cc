#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "reference/base/parallel.h"
#include "verify/cli/coverage.h"
#include "verify/cli/discover.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/ordered_writer.h"
#include "verify/cli/tally.h"
#include "verify/cli/test_tree.h"

namespace pg::verify {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Discovery found_in(const TestTree& tree, const std::string& below = "") {
  auto found = discover(tree.root() / below);
  EXPECT_TRUE(found);
  return *found;
}

std::map<std::string, std::size_t> one_line_each(const Discovery& found) {
  std::map<std::string, std::size_t> lines;
  for (const auto& path : found.submissions) lines[path] = 1;
  return lines;
}

TEST(Discover, ChildrenOfATrackAreSubmissionsWhateverTheyHold) {
  TestTree tree;
  tree.folder("records/track_10min_16mb/empty");
  tree.file("records/track_10min_16mb/odd name/notes.txt");
  tree.file("records/track_10min_16mb/README.md");
  tree.submission("records/track_non_record_16mb/a");
  EXPECT_THAT(found_in(tree).submissions,
              ElementsAre("records/track_10min_16mb/empty", "records/track_10min_16mb/odd name",
                          "records/track_non_record_16mb/a"));
  EXPECT_THAT(found_in(tree, "records").submissions, ::testing::SizeIs(3));
  EXPECT_THAT(found_in(tree, "records/track_10min_16mb").submissions, ElementsAre("empty", "odd name"));
}

TEST(Discover, OfACheckoutOnlyRecordsCounts) {
  TestTree tree;
  tree.submission(".");  // its own README.md, train_gpt.py and a stray submission.json at the top
  tree.file("data/README.md");
  tree.submission("records/track_10min_16mb/a");
  const Discovery found = found_in(tree);
  EXPECT_THAT(found.submissions, ElementsAre("records/track_10min_16mb/a"));
  EXPECT_THAT(found.none, ElementsAre(Pair("data", HasSubstr("outside records/"))));
  EXPECT_THAT(found.containers, ElementsAre("records", "records/track_10min_16mb"));
}

// A pull request that changed the script at the top, written out whole beside others' folders.
TEST(Discover, ACheckoutBesideSubmissionsIsACaseOfItsOwn) {
  TestTree tree;
  tree.submission("549");
  for (const char* path : {"656", "clone", "bare"}) {
    tree.submission(std::string(path) + "/records/track_10min_16mb/a");
    tree.file(std::string(path) + "/README.md");
  }
  tree.file("656/train_gpt.py");
  tree.file("656/data/x");
  tree.file("clone/train_gpt.py");
  tree.folder("clone/.git");
  const Discovery found = found_in(tree);
  EXPECT_THAT(found.submissions,
              ElementsAre("549", "656", "bare/records/track_10min_16mb/a", "clone/records/track_10min_16mb/a"))
      << "a clone and a checkout without a script are walked through";
  EXPECT_TRUE(prove_coverage(found, one_line_each(found)).complete());
  EXPECT_THAT(found_in(tree, "656").submissions, ElementsAre("records/track_10min_16mb/a"))
      << "as the root it is walked";
  TestTree alone;
  alone.submission("repository/records/track_10min_16mb/a");
  alone.file("repository/train_gpt.py");
  EXPECT_THAT(found_in(alone).submissions, ElementsAre("repository/records/track_10min_16mb/a"));
}

TEST(Discover, PullRequestFoldersAreSubmissionsAndNothingInsideThemIs) {
  TestTree tree;
  tree.folder("7__empty");
  tree.submission("12__records/track_10min_16mb/a");
  tree.submission("13__x/nested");
  tree.file("notes/todo.txt");
  const Discovery found = found_in(tree);
  EXPECT_THAT(found.submissions, ElementsAre("12__records", "13__x", "7__empty"));
  EXPECT_THAT(found.none, ElementsAre(Pair("notes", HasSubstr("no submission"))));
}

TEST(Discover, AnywhereElseTheFilesDecide) {
  TestTree tree;
  tree.file("a/submission_ternary.json");
  tree.file("b/c/train_seed42.log");
  tree.file("b/c/logs/extra.log");
  tree.file("d/train_gpt_v5.py");
  tree.file("e/README.md");
  tree.file("f/g/notes.md");
  tree.file(".git/README.md");
  const Discovery found = found_in(tree);
  EXPECT_THAT(found.submissions, ElementsAre("a", "b/c", "d", "e"));
  EXPECT_THAT(found.containers, ElementsAre("b"));
  EXPECT_THAT(found.none, ElementsAre(Pair(".git", "version control"), Pair("f", HasSubstr("no submission"))));
}

TEST(Discover, ASubmissionAsRootIsItsOnlyFolder) {
  TestTree tree;
  tree.submission(".");
  tree.file("logs/train0.log");
  EXPECT_THAT(found_in(tree).submissions, ElementsAre("."));
}

TEST(Discover, LinksAreListedAndNotFollowed) {
  TestTree tree;
  tree.submission("a");
  std::filesystem::create_directory_symlink(tree.root(), tree.root() / "loop");
  const Discovery found = found_in(tree);
  EXPECT_THAT(found.submissions, ElementsAre("a"));
  EXPECT_THAT(found.links, ElementsAre("loop"));
  EXPECT_TRUE(prove_coverage(found, one_line_each(found)).complete());
}

TEST(Discover, DeepNestingEnds) {
  TestTree tree;
  std::string path = "d";
  for (int i = 0; i < 60; ++i) path += "/d";
  tree.submission(path);
  EXPECT_THAT(found_in(tree).submissions, IsEmpty());
}

TEST(Discover, MissingRootsAreErrors) {
  TestTree tree;
  tree.file("file");
  EXPECT_FALSE(discover(tree.root() / "missing"));
  EXPECT_FALSE(discover(tree.root() / "file"));
}

TEST(Coverage, CountsEveryDirectoryOnce) {
  TestTree tree;
  tree.submission("records/track_x/a");
  tree.folder("records/track_x/a/logs/deep");
  tree.folder("data/more");
  const Discovery found = found_in(tree);
  const Coverage c = prove_coverage(found, one_line_each(found));
  EXPECT_THAT(c.problems, IsEmpty());
  EXPECT_EQ(c.directories, 7u);
  EXPECT_EQ(c.answered, 1u);
  EXPECT_EQ(c.inside, 2u);
  EXPECT_EQ(c.containers, 2u);
  EXPECT_EQ(c.none, 2u);
  EXPECT_EQ(c.lines, 1u);
}

TEST(Coverage, SeesASkippedADoubledAndAVanishedFolder) {
  TestTree tree;
  tree.submission("track_x/a");
  tree.submission("track_x/b");
  const Discovery found = found_in(tree);
  auto lines = one_line_each(found);
  lines.erase("track_x/b");
  EXPECT_THAT(prove_coverage(found, lines).problems, Contains("track_x/b is neither answered nor explained"));
  lines["track_x/b"] = 2;
  EXPECT_THAT(prove_coverage(found, lines).problems, Contains("track_x/b has 2 lines instead of one"));
  lines = one_line_each(found);
  lines["track_x/c"] = 1;
  EXPECT_THAT(prove_coverage(found, lines).problems, Contains(HasSubstr("track_x/c has a line, but")));
  lines = one_line_each(found);
  tree.folder("track_x/late");
  EXPECT_FALSE(prove_coverage(found, lines).complete());
}

TEST(Coverage, SeesALineInsideAnotherAnswer) {
  TestTree tree;
  tree.submission("track_x/a");
  tree.submission("track_x/a/inner");
  const Discovery found = found_in(tree);
  auto lines = one_line_each(found);
  lines["track_x/a/inner"] = 1;
  EXPECT_THAT(prove_coverage(found, lines).problems, Contains(HasSubstr("lies inside another answer")));
}

TEST(OrderedWriter, RestoresTheOrderWithABoundedBuffer) {
  constexpr std::size_t kCount = 2000, kWindow = 8;
  std::vector<std::size_t> order;
  std::atomic<std::size_t> started{0}, largest_lead{0};
  OrderedWriter<std::size_t> writer(kWindow, [&](std::size_t index, std::size_t& value) {
    EXPECT_EQ(index * 3, value);
    order.push_back(index);
  });
  parallel_for(kCount, 4, [&](std::size_t i) {
    if (i % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    writer.put(i, i * 3);
  });
  ASSERT_EQ(order.size(), kCount);
  for (std::size_t i = 0; i < kCount; ++i) EXPECT_EQ(order[i], i);
}

TEST(OrderedWriter, ThreadFarAheadWaits) {
  std::vector<std::size_t> order;
  OrderedWriter<int> writer(2, [&](std::size_t index, int&) { order.push_back(index); });
  std::atomic<bool> passed{false};
  std::thread ahead([&] {
    writer.put(2, 0);
    passed = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_FALSE(passed);
  writer.put(1, 0);
  EXPECT_FALSE(passed);
  writer.put(0, 0);
  ahead.join();
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(Tally, CountsAFolderOncePerRuleAndWeight) {
  Report report;
  RuleResult r;
  r.id = "PG-T";
  r.verdict = Verdict::fail;
  report.results = {r, r};
  r.severity = Severity::info;
  report.results.push_back(r);
  r.verdict = Verdict::inconclusive;
  report.results.push_back(r);  // severity info: read without a finding, which is nothing left undecided
  r.severity = Severity::warning;
  report.results.push_back(r);
  report.verdict = Verdict::fail;
  Tally tally, sum;
  tally.add(report);
  sum.merge(tally);
  sum.merge(tally);
  const auto& counts = sum.rules.at("PG-T");
  EXPECT_EQ(counts.error, 2u);
  EXPECT_EQ(counts.info, 2u);
  EXPECT_EQ(counts.warning, 0u);
  EXPECT_EQ(counts.undecided, 2u);
  EXPECT_EQ(sum.verdicts.at(Verdict::fail), 2u);
}

TEST(Tally, ExitCodeIsTheGravest) {
  Report pass, fail, unclear, broken;
  pass.verdict = Verdict::pass;
  fail.verdict = Verdict::fail;
  unclear.verdict = Verdict::inconclusive;
  broken.error = "x";
  const auto code = [](std::vector<Report> reports) {
    Tally tally;
    for (const Report& report : reports) tally.add(report);
    return tally.exit_code();
  };
  EXPECT_EQ(code({pass}), kExitOk);
  EXPECT_EQ(code({pass, unclear}), kExitCannotTell);
  EXPECT_EQ(code({unclear, fail, pass}), kExitViolation);
  EXPECT_EQ(code({fail, broken}), kExitError);
}

}  // namespace
}  // namespace pg::verify

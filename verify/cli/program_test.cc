// The program as a user or a script meets it: arguments, exit codes, files, pipes, signals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "reference/base/file.h"
#include "verify/cli/page.h"
#include "verify/cli/run_program.h"
#include "verify/cli/test_tree.h"
#include "verify/report/layout.h"
#include "verify/rules/rule.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

json without_run(const std::string& line) {
  json report = json::parse(line);
  report.erase("run");
  return report;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

TEST(Program, HelpAndVersionExitZero) {
  EXPECT_EQ(run_pgverify({"--version"}).code, 0);
  EXPECT_THAT(run_pgverify({"--version"}).out, HasSubstr("pgverify "));
  for (const char* command :
       {"verify", "archive", "explain", "policies", "doctor", "keygen", "sign", "check-report", "export-pae"}) {
    const Finished help = run_pgverify({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("Example")) << command;
  }
  EXPECT_THAT(run_pgverify({"--help"}).out, HasSubstr("archive"));
}

TEST(Program, WrongUsageExitsTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {},          {"--no-such-option"},          {"verify"},
      {"archive"}, {".", "--color", "sometimes"}, {"archive", ".", "--jobs", "0"}};
  for (const auto& arguments : wrong) {
    const Finished finished = run_pgverify(arguments);
    EXPECT_EQ(finished.code, 2);
    EXPECT_THAT(finished.out, IsEmpty());
    EXPECT_THAT(finished.err, Not(IsEmpty()));
  }
}

TEST(Program, FoldersThatCannotBeVerifiedExitTwoWithTheReason) {
  TestTree tree;
  tree.folder("empty");
  tree.file("file");
  tree.submission("records/track_10min_16mb/a");
  const std::pair<const char*, const char*> cases[] = {{"missing", "no such folder"},
                                                       {"file", "is a file; give the folder"},
                                                       {"empty", "is empty"},
                                                       {"", "pgverify archive"},
                                                       {"records/track_10min_16mb", "pgverify archive"}};
  for (const auto& [path, reason] : cases) {
    const Finished finished = run_pgverify({tree.root() / path});
    EXPECT_EQ(finished.code, 2) << path;
    EXPECT_THAT(finished.err, HasSubstr(reason)) << path;
    EXPECT_THAT(finished.out, IsEmpty()) << path;
  }
}

TEST(Program, FolderWithoutAnythingIsExaminedWithAHint) {
  TestTree tree;
  tree.file("misc/notes.txt");
  tree.submission("outer/inner");
  tree.file("outer/notes.txt");
  EXPECT_THAT(run_pgverify({tree.root() / "misc"}).err, HasSubstr("is it a submission folder?"));
  EXPECT_THAT(run_pgverify({tree.root() / "outer"}).err, HasSubstr("pgverify archive"));
  EXPECT_THAT(run_pgverify({tree.root() / "outer"}).out, Not(IsEmpty()));
  EXPECT_THAT(run_pgverify({tree.root() / "outer", "--quiet"}).err, IsEmpty());
}

TEST(Program, VerdictExitCodeAndJsonAgree) {
  TestTree tree;
  tree.submission("a");
  const Finished finished = run_pgverify({tree.root() / "a", "--format", "json"});
  ASSERT_EQ(lines_of(finished.out).size(), 1u);
  const std::string verdict = json::parse(finished.out)["verdict"];
  EXPECT_EQ(finished.code, verdict == "pass" ? 0 : verdict == "fail" ? 1 : 3);
  EXPECT_EQ(json::parse(finished.out)["subject"]["name"], "a");
  EXPECT_EQ(run_pgverify({"verify", tree.root() / "a"}).out, run_pgverify({tree.root() / "a"}).out);
}

TEST(Program, SeveralFoldersGiveOneLineEachAndTheGravestCode) {
  TestTree tree;
  tree.submission("a");
  tree.submission("b");
  const Finished finished =
      run_pgverify({tree.root() / "a", tree.root() / "missing", tree.root() / "b", "--format", "json"});
  EXPECT_EQ(lines_of(finished.out).size(), 2u);
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.err, HasSubstr("missing: no such folder"));
}

TEST(Program, SameFolderGivesTheSameBytesOutsideRun) {
  TestTree tree;
  tree.submission("a");
  const auto first = run_pgverify({tree.root() / "a", "--format", "json"});
  const auto second = run_pgverify({tree.root() / "a/", "--format", "json"}, {"LC_ALL=de_DE.UTF-8", "TZ=Asia/Tokyo"});
  const auto third = run_pgverify({"archive", tree.root(), "-q"});
  EXPECT_EQ(without_run(first.out).dump(), without_run(second.out).dump());
  EXPECT_EQ(without_run(first.out).dump(), without_run(third.out).dump());
}

TEST(Program, OutputFileIsWholeOrAbsent) {
  TestTree tree;
  tree.submission("a");
  tree.folder("out");
  const std::string target = tree.root() / "out/report.json";
  const Finished finished = run_pgverify({tree.root() / "a", "--format", "json", "-o", target});
  EXPECT_THAT(finished.out, IsEmpty());
  const auto written = read_file(target, 1 << 24);
  ASSERT_TRUE(written);
  EXPECT_TRUE(json::accept(*written));
  EXPECT_EQ(names_in(tree.root() / "out").size(), 1u) << "no temporary file is left";
  EXPECT_EQ(run_pgverify({tree.root() / "missing", "-o", target}).code, 2);
  EXPECT_EQ(*read_file(target, 1 << 24), *written) << "a failed run leaves the old file";
  EXPECT_EQ(run_pgverify({tree.root() / "a", "-o", tree.root() / "no/such/folder/x"}).code, 2);
  EXPECT_THAT(run_pgverify({tree.root() / "a", "-o", "/dev/full"}).code, 2);
}

TEST(Program, ColoursAppearOnlyWhenAskedOffATerminal) {
  TestTree tree;
  tree.submission("a");
  EXPECT_THAT(run_pgverify({tree.root() / "a"}).out, Not(HasSubstr("\x1b[")));
  EXPECT_THAT(run_pgverify({tree.root() / "a", "--color", "always"}).out, HasSubstr("\x1b["));
  EXPECT_THAT(run_pgverify({tree.root() / "a", "--color", "always"}, {"NO_COLOR=1"}).out, HasSubstr("\x1b["));
}

TEST(Program, UnknownPolicyExitsTwoAndListsTheKnownOnes) {
  TestTree tree;
  tree.submission("a");
  const Finished finished = run_pgverify({tree.root() / "a", "--policy", "strict"});
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.err, HasSubstr("practice-2026-04, readme-2026-03"));
  EXPECT_THAT(run_pgverify({tree.root() / "a", "--policy", "readme-2026-03"}).out, HasSubstr("policy readme-2026-03"));
}

TEST(Program, PoliciesListsBothWithTheDefaultFirst) {
  const Finished finished = run_pgverify({"policies"});
  EXPECT_EQ(finished.code, 0);
  const auto practice = finished.out.find("practice-2026-04 (default)"), readme = finished.out.find("readme-2026-03");
  ASSERT_NE(readme, std::string::npos);
  EXPECT_LT(practice, readme);
}

TEST(Program, BrokenDataFolderIsNamedByDoctorAndVerify) {
  TestTree tree;
  tree.submission("a");
  const std::string variable = "PGVERIFY_DATA_DIR=" + (tree.root() / "nowhere").string();
  const Finished doctor = run_pgverify({"doctor"}, {variable});
  EXPECT_EQ(doctor.code, 2);
  EXPECT_THAT(doctor.out, HasSubstr("FAIL policies"));
  const Finished verify = run_pgverify({tree.root() / "a"}, {variable});
  EXPECT_EQ(verify.code, 2);
  EXPECT_THAT(verify.err, HasSubstr("nowhere/policies"));
}

TEST(Program, ExplainListsAllRulesAndShowsEachPage) {
  const Finished list = run_pgverify({"explain"});
  EXPECT_EQ(list.code, 0);
  for (const Rule& rule : all_rules()) {
    EXPECT_THAT(list.out, HasSubstr(rule.id));
    const Finished page = run_pgverify({"explain", std::string(rule.id)});
    EXPECT_EQ(page.code, 0) << rule.id << ": " << page.err;
    EXPECT_THAT(page.out, HasSubstr(rule.id));
  }
  for (const char* unknown : {"PG-NO-SUCH", "../../etc/passwd"}) EXPECT_EQ(run_pgverify({"explain", unknown}).code, 2);
}

TEST(Program, ExplainOfAFamilyListsItsRules) {
  for (const char* family : {"PG-C3", "c3"}) {
    const Finished list = run_pgverify({"explain", family});
    EXPECT_EQ(list.code, 0) << list.err;
    std::size_t rules = 0;
    for (const Rule& rule : all_rules()) {
      const bool of_it = rule.id.starts_with("PG-C3-");
      rules += of_it;
      EXPECT_EQ(list.out.find(std::string(rule.id) + " ") != std::string::npos, of_it) << rule.id;
    }
    EXPECT_GT(rules, 0u);
    EXPECT_THAT(list.out, HasSubstr(std::to_string(rules) + " rule"));
  }
}

TEST(Program, ExplainSuggestsIdsThatAreNear) {
  EXPECT_THAT(run_pgverify({"explain", "PG-SIZE-CAPP"}).err, HasSubstr("near it: PG-SIZE-CAP"));
  EXPECT_THAT(run_pgverify({"explain", "siez-cap"}).err, HasSubstr("PG-SIZE-CAP"));
  EXPECT_THAT(run_pgverify({"explain", "significance"}).err, HasSubstr("PG-STAT-SIGNIFICANCE"));
  EXPECT_THAT(run_pgverify({"explain", "qqqqqqqq"}).err, HasSubstr("lists all"));
}

TEST(Program, MessagesNameFileAndPlaceAndNoLibrary) {
  TestTree tree;
  tree.file("p.json", "{\n \"schema\": nonsense\n}\n");
  const Finished policy = run_pgverify({tree.root().string(), "--policy", (tree.root() / "p.json").string()});
  EXPECT_EQ(policy.code, 2);
  EXPECT_THAT(policy.err, HasSubstr("p.json: parse error at line 2, column"));
  EXPECT_THAT(policy.err, Not(HasSubstr("json.exception")));
  const Finished usage = run_pgverify({"stats", "--plan", "three"});
  EXPECT_EQ(usage.code, 2);
  EXPECT_THAT(usage.err, StartsWith("pgverify: "));
  EXPECT_THAT(usage.err, HasSubstr("`pgverify stats --help`"));
  const Finished hostile = run_pgverify({"stats", "--x\x1b[31m"});
  EXPECT_THAT(hostile.err, Not(HasSubstr("\x1b")));
}

TEST(Program, ArchiveAnswersEveryFolderInOrderWhateverTheThreads) {
  TestTree tree;
  for (int i = 0; i < 40; ++i) tree.submission("track_x/s" + std::to_string(i));
  const Finished one = run_pgverify({"archive", tree.root(), "--jobs", "1"});
  const Finished four = run_pgverify({"archive", tree.root(), "--jobs", "4"});
  const auto first = lines_of(one.out), second = lines_of(four.out);
  ASSERT_EQ(first.size(), 40u);
  ASSERT_EQ(second.size(), 40u);
  std::string before;
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(without_run(first[i]), without_run(second[i]));
    const std::string folder = json::parse(first[i])["run"]["folder"];
    EXPECT_LT(before, folder);
    before = folder;
  }
  EXPECT_THAT(one.err, HasSubstr("40 lines for 40 submission folders: complete"));
  EXPECT_EQ(one.code, four.code);
}

TEST(Program, ArchiveSummaryGoesWhereTheLinesDoNot) {
  TestTree tree;
  tree.submission("in/track_x/a");
  const std::string root = tree.root() / "in", target = tree.root() / "lines.jsonl";
  const Finished with_file = run_pgverify({"archive", root, "-o", target});
  EXPECT_THAT(with_file.out, HasSubstr("complete"));
  EXPECT_THAT(with_file.err, IsEmpty());
  EXPECT_EQ(lines_of(*read_file(target, 1 << 24)).size(), 1u);
  const Finished summary = run_pgverify({"archive", root, "--summary"});
  EXPECT_THAT(summary.out, HasSubstr("1 lines for 1 submission folders: complete"));
  EXPECT_THAT(run_pgverify({"archive", root, "--quiet"}).err, IsEmpty());
}

TEST(Program, ArchiveOfNothingExitsTwo) {
  TestTree tree;
  tree.folder("a/b");
  EXPECT_EQ(run_pgverify({"archive", tree.root()}).code, 2);
  EXPECT_EQ(run_pgverify({"archive", tree.root() / "missing"}).code, 2);
}

TEST(Program, ClosedPipeEndsItQuietly) {
  TestTree tree;
  for (int i = 0; i < 80; ++i) tree.submission("track_x/s" + std::to_string(i));
  const Finished finished = run_with_closed_pipe({"archive", tree.root(), "-q"}, 100);
  EXPECT_EQ(finished.code, 141);
  EXPECT_THAT(finished.err, IsEmpty());
}

TEST(Program, InterruptExits130AndLeavesNoHalfWrittenFile) {
  TestTree tree;
  // Enough to read that the signal comes in the middle.
  for (int i = 0; i < 20; ++i) tree.sparse_file("in/track_x/s" + std::to_string(i) + "/train.log", 256 << 20);
  tree.folder("out");
  const Finished finished =
      run_and_signal({"archive", tree.root() / "in", "-j", "1", "-o", tree.root() / "out/lines.jsonl"}, SIGINT, 100);
  EXPECT_EQ(finished.code, 130);
  EXPECT_THAT(names_in(tree.root() / "out"), IsEmpty());
}

TEST(Page, RendersHeadingsParagraphsListsAndFences) {
  const std::string text =
      render_page("# PG-X: title\n\nfirst\nsecond\n\n- a\n- b\n```\n  raw  text\n```\n| t | u |\n", false);
  EXPECT_EQ(text, "PG-X: title\n\nfirst second\n\n  - a\n  - b\n      raw  text\n| t | u |\n");
  EXPECT_THAT(render_page("# H\n", true), HasSubstr("\x1b[1mH\x1b[0m"));
  for (const std::string& line : lines_of(render_page(std::string(500, 'a') + " " + std::string(300, 'b'), false)))
    EXPECT_LE(columns_of(line), kColumns);
}

}  // namespace
}  // namespace pg::verify

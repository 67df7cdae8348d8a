// Outputs of the program beside text and JSON: files, exit codes, the job summary of GitHub Actions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "verify/cli/run_program.h"
#include "verify/cli/test_tree.h"
#include "verify/report/markdown.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kExample = PG_SOURCE_DIR "/submissions/2026-11-21_Example_PackedBaseline";

std::string content(const fs::path& file) {
  const auto text = read_file(file, 1 << 26);
  return text ? *text : "";
}

void without(const fs::path& file, const std::string& what) {
  std::string text = content(file);
  for (std::size_t i; (i = text.find(what)) != std::string::npos;) text.erase(i, what.size());
  ASSERT_TRUE(write_file_atomic(file, text));
}

// The example with nothing left that says how large it is: one rule of severity error cannot be decided.
std::string undecided_folder(TestTree& tree) {
  const fs::path folder = tree.root() / "undecided";
  fs::copy(kExample, folder);
  for (const auto& entry : fs::directory_iterator(folder)) {
    for (const char* label : {"Total submission size", "Serialized model", "Code size"})
      if (entry.path().extension() == ".log") without(entry.path(), label);
    if (entry.path().filename() == "submission.json")
      for (const char* key : {"bytes_total", "artifact_bytes"}) without(entry.path(), key);
  }
  return folder;
}

TEST(Formats, EveryFormatWritesItsKindAndTheVerdictIsTheExitCode) {
  TestTree tree;
  tree.submission("a");
  const std::pair<const char*, const char*> starts[] = {
      {"text", "FAIL  a"}, {"json", "{\"error\":null"}, {"sarif", "{\n \"$schema\""}, {"junit", "<?xml"},
      {"github", "::"},    {"markdown", "<!-- pg"},     {"html", "<!DOCTYPE html>\n"}};
  for (const auto& [format, start] : starts) {
    const Finished finished = run_pgverify({tree.root() / "a", "--format", format});
    EXPECT_EQ(finished.code, 1) << format;
    EXPECT_THAT(finished.out.substr(0, 40), StartsWith(start)) << format;
    EXPECT_EQ(finished.out.back(), '\n') << format;
  }
}

TEST(Formats, ExitCodesAreZeroOneTwoThree) {
  TestTree tree;
  tree.submission("failing");
  const std::string undecided = undecided_folder(tree), failing = tree.root() / "failing", missing = tree.root() / "no";
  EXPECT_EQ(run_pgverify({kExample, "-q"}).code, 0);
  EXPECT_EQ(run_pgverify({failing, "-q"}).code, 1);
  EXPECT_EQ(run_pgverify({missing, "-q"}).code, 2);
  const Finished third = run_pgverify({undecided, "-q"});
  EXPECT_EQ(third.code, 3) << third.out;
  EXPECT_EQ(run_pgverify({kExample, undecided, "-q"}).code, 3);
  EXPECT_EQ(run_pgverify({undecided, failing, "-q"}).code, 1);
  EXPECT_EQ(run_pgverify({failing, missing, "-q"}).code, 2);
}

TEST(Formats, ExitZeroHidesVerdictsAndNothingElse) {
  TestTree tree;
  tree.submission("failing");
  const std::string undecided = undecided_folder(tree), failing = tree.root() / "failing";
  EXPECT_EQ(run_pgverify({failing, undecided, kExample, "--format", "sarif", "--exit-zero"}).code, 0);
  EXPECT_EQ(run_pgverify({failing, tree.root() / "no", "--exit-zero"}).code, 2);
  EXPECT_EQ(run_pgverify({failing, "--format", "pdf", "--exit-zero"}).code, 2);
  EXPECT_EQ(run_pgverify({failing, "--exit-zero", "-o", tree.root() / "no/such/x"}).code, 2);
}

TEST(Formats, UnknownOnesAreNamedWithThoseThereAre) {
  TestTree tree;
  tree.submission("a");
  const Finished finished = run_pgverify({tree.root() / "a", "--format", "xml"});
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.err, HasSubstr("unknown --format \"xml\"; there are text, json, sarif, junit, github"));
  EXPECT_THAT(finished.out, IsEmpty());
  for (const char* wrong : {"xml=a", "sarif", "sarif=", "=a"}) {
    const Finished other = run_pgverify({tree.root() / "a", "--output-as", wrong});
    EXPECT_EQ(other.code, 2) << wrong;
    EXPECT_THAT(other.err, HasSubstr("--output-as")) << wrong;
    EXPECT_THAT(other.out, IsEmpty()) << wrong;
  }
}

TEST(Formats, SeveralFilesComeFromOneRun) {
  TestTree tree;
  tree.submission("a");
  tree.submission("b");
  tree.folder("out");
  const fs::path out = tree.root() / "out";
  std::vector<std::string> arguments = {tree.root() / "a", tree.root() / "b"};
  for (const char* format : {"json", "sarif", "junit", "markdown", "html"}) {
    arguments.push_back("--output-as");
    arguments.push_back(std::string(format) + "=" + (out / format).string());
  }
  const Finished finished = run_pgverify(arguments);
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.out, HasSubstr("FAIL  b"));
  EXPECT_EQ(std::distance(fs::directory_iterator(out), fs::directory_iterator()), 5) << "no temporary file is left";
  EXPECT_TRUE(json::accept(content(out / "sarif")));
  EXPECT_THAT(content(out / "markdown"), HasSubstr("## pgverify: 2 folders"));
  EXPECT_THAT(content(out / "html"), HasSubstr("<title>pgverify: 2 folders</title>"));
  EXPECT_THAT(content(out / "junit"), HasSubstr("<testsuite name=\"b\""));
}

TEST(Formats, TwoOutputsToOneFileAreRefusedByWhateverName) {
  TestTree tree;
  const std::string out = tree.root() / "out", other = tree.root() / "other";
  fs::create_directory_symlink(tree.root(), tree.root() / "link");
  const std::string linked = tree.root() / "link/out", dotted = tree.root() / "./out";
  for (const std::string& same : {out, linked, dotted}) {
    const Finished done = run_pgverify({kExample, "-o", out, "--output-as", "html=" + same});
    EXPECT_EQ(done.code, 2) << same;
    EXPECT_THAT(done.err, HasSubstr("both write to")) << same;
    EXPECT_FALSE(fs::exists(out));
  }
  EXPECT_EQ(run_pgverify({kExample, "--output-as", "html=" + out, "--output-as", "sarif=" + dotted}).code, 2);
  EXPECT_THAT(run_pgverify({kExample, "--output-as", "html=-"}).err, HasSubstr("both write to standard output"));
  EXPECT_EQ(run_pgverify({kExample, "-o", "/dev/null", "--output-as", "html=/dev/null"}).code, 0);
  EXPECT_EQ(run_pgverify({kExample, "-o", out, "--output-as", "html=" + other}).code, 0);
  fs::create_hard_link(out, tree.root() / "hard");
  EXPECT_EQ(run_pgverify({kExample, "-o", out, "--output-as", "html=" + (tree.root() / "hard").string()}).code, 2);
}

TEST(Formats, ExistingFilesAreReplacedWhole) {
  TestTree tree;
  tree.file("out", std::string(1 << 20, 'x'));
  const std::string out = tree.root() / "out";
  EXPECT_EQ(run_pgverify({kExample, "-o", out, "--format", "json"}).code, 0);
  EXPECT_TRUE(json::accept(content(out))) << "nothing of the old content is left";
}

TEST(Formats, SarifPathsStartAtTheWorkspaceOfTheJob) {
  TestTree tree;
  tree.submission("checkout/records/track_x/a");
  const std::string workspace = "GITHUB_WORKSPACE=" + (tree.root() / "checkout").string();
  const Finished finished = run_pgverify({tree.root() / "checkout/records/track_x/a", "--format", "sarif"},
                                         {workspace, "PGVERIFY_DOCS_URL=https://x.y"});
  const json run = json::parse(finished.out)["runs"][0];
  std::size_t placed = 0;
  for (const json& artifact : run["artifacts"])
    placed += artifact["location"]["uri"].get<std::string>().starts_with("records/track_x/a/") ? 1 : 0;
  EXPECT_GT(placed, 0u);
  EXPECT_GT(run["tool"]["driver"]["rules"].size(), 20u);
  EXPECT_THAT(run["tool"]["driver"]["rules"][0]["helpUri"].get<std::string>(), StartsWith("https://x.y/PG-"));
}

TEST(Formats, GithubAppendsToTheJobSummaryAndKeepsItUnderItsLimit) {
  TestTree tree;
  tree.submission("a");
  tree.file("summary.md", "before\n");
  const fs::path summary = tree.root() / "summary.md";
  const std::string variable = "GITHUB_STEP_SUMMARY=" + summary.string();
  EXPECT_EQ(run_pgverify({tree.root() / "a", "--format", "github"}, {variable}).code, 1);
  EXPECT_THAT(content(summary), StartsWith("before\n<!-- pgverify -->\n## pgverify: ❌ FAIL a"));
  tree.file("summary.md", std::string(kStepSummaryBytes - 3'000, 'x'));
  EXPECT_EQ(run_pgverify({tree.root() / "a", "--output-as", "github=/dev/null"}, {variable}).code, 1);
  EXPECT_LE(fs::file_size(summary), kStepSummaryBytes);
  EXPECT_GT(fs::file_size(summary), kStepSummaryBytes - 3'000);
  tree.file("summary.md", std::string(kStepSummaryBytes, 'x'));
  const Finished full = run_pgverify({tree.root() / "a", "--format", "github"}, {variable});
  EXPECT_EQ(full.code, 2);
  EXPECT_THAT(full.err, HasSubstr("is full"));
}

TEST(Formats, ArchiveSummarisesInMarkdownAndForGithub) {
  TestTree tree;
  for (int i = 0; i < 12; ++i) tree.submission("in/track_x/s" + std::to_string(i));
  const std::string root = tree.root() / "in", summary = tree.root() / "summary.md";
  const Finished markdown = run_pgverify({"archive", root, "--format", "markdown", "-q"});
  EXPECT_EQ(markdown.code, 1);
  EXPECT_THAT(markdown.out, HasSubstr("## pgverify: 12 folders"));
  const Finished github =
      run_pgverify({"archive", root, "--format", "github", "-q"}, {"GITHUB_STEP_SUMMARY=" + summary});
  EXPECT_THAT(github.out, HasSubstr("errors are annotated, the gravest"));
  EXPECT_EQ(content(summary), markdown.out);
  EXPECT_EQ(run_pgverify({"archive", root, "--format", "html"}).code, 2);
}

}  // namespace
}  // namespace pg::verify

#include "verify/cli/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "verify/cli/labels_agreement.h"
#include "verify/cli/run_program.h"
#include "verify/cli/test_tree.h"

namespace pg::verify {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string problem(std::string_view text) {
  const auto labels = parse_labels(text, "rulings.json");
  return labels ? "" : labels.error().message;
}

Label label(std::string id, std::string word, std::vector<std::string> violated) {
  Label out;
  out.id = out.folder = std::move(id);
  out.judgement = word == "illegal" ? Judgement::illegal : word == "legal" ? Judgement::legal : Judgement::other;
  out.word = std::move(word);
  out.violated = std::move(violated);
  return out;
}

TEST(Labels, ReadsFoldersWithAWordOrWithClasses) {
  const auto labels = parse_labels(R"({"schema": "pgverify/labels/v1", "folders": {
    "./track_x/a/": {"label": "illegal", "violated": ["C2", "time"], "note": 1},
    "b": "legal", "c": "withdrawn"}})",
                                   "f");
  ASSERT_TRUE(labels) << labels.error().message;
  ASSERT_EQ(labels->size(), 3u);
  EXPECT_EQ((*labels)[0].id, "track_x/a");
  EXPECT_EQ((*labels)[0].judgement, Judgement::illegal);
  EXPECT_THAT((*labels)[0].violated, ElementsAre("C2", "time"));
  EXPECT_EQ((*labels)[0].line, 2u);
  EXPECT_EQ((*labels)[1].judgement, Judgement::legal);
  EXPECT_EQ((*labels)[2].judgement, Judgement::other);
  EXPECT_EQ((*labels)[2].word, "withdrawn");
}

TEST(Labels, ReadsCasesAloneOrInAnObject) {
  for (const char* text : {R"([{"id": 44, "label": "illegal", "rules_violated": ["val in training"], "pr": 44}])",
                           R"({"meta": {}, "cases": [{"id": "44", "label": "illegal", "rules_violated": null}]})"}) {
    const auto labels = parse_labels(text, "f");
    ASSERT_TRUE(labels) << labels.error().message;
    ASSERT_EQ(labels->size(), 1u);
    EXPECT_EQ(labels->front().id, "44");
  }
}

TEST(Labels, ErrorsNameFileAndLine) {
  EXPECT_THAT(problem("{\n \"folders\": {\"a\": \"legal\",}}"), HasSubstr("rulings.json: line 2:"));
  EXPECT_THAT(problem("[]x"), HasSubstr("rulings.json: line 1:"));
  EXPECT_THAT(problem("{\"labels\": []}"), HasSubstr("\"folders\" or \"cases\""));
  EXPECT_THAT(problem("3"), HasSubstr("\"folders\" or \"cases\""));
  EXPECT_THAT(problem("[\n{\"label\": \"legal\"}]"), HasSubstr("line 2: a case needs an \"id\""));
  EXPECT_THAT(problem("[7]"), HasSubstr("a case needs an \"id\""));
  EXPECT_THAT(problem("[{\"id\": \"a\"}]"), HasSubstr("a has no \"label\""));
  EXPECT_THAT(problem("[{\"id\": \"a\", \"label\": \" \"}]"), HasSubstr("blank"));
  EXPECT_THAT(problem("[{\"id\": \"a\", \"label\": \"illegal\", \"rules_violated\": \"C1\"}]"), HasSubstr("an array"));
  EXPECT_THAT(problem("[{\"id\": \"a\", \"label\": \"illegal\", \"rules_violated\": [1]}]"), HasSubstr("strings only"));
  EXPECT_THAT(problem("[{\"id\": \"1\", \"label\": \"legal\"},\n{\"id\": 1, \"label\": \"legal\"}]"),
              HasSubstr("line 2: 1 is labelled a second time, first in line 1"));
  EXPECT_THAT(problem("{\"folders\": {\"a\": \"legal\", \"./a\": \"legal\"}}"), HasSubstr("a second time"));
  EXPECT_THAT(problem("{\"folders\": {\"a\": \"legal\",\n\"a\": \"legal\"}}"), HasSubstr("line 2: \"a\" stands twice"));
  for (const char* path : {"/etc", "../a", "a/../../b", ""})
    EXPECT_THAT(problem("{\"folders\": {\"" + std::string(path) + "\": \"legal\"}}"), HasSubstr("no path below"));
  EXPECT_THAT(problem("{\"folders\": {\"a\": 1}}"), HasSubstr("needs a label"));
  EXPECT_THAT(problem("{\"folders\": [1]}"), HasSubstr("has to be an object"));
}

TEST(Labels, AreWrittenSafely) {
  EXPECT_THAT(problem("[{\"id\": \"\\u001b[2J\"}]"), Not(HasSubstr("\x1b")));
}

TEST(Labels, ArePlacedByTheIndexThenByPath) {
  TestTree tree;
  tree.submission("x");
  tree.submission("moved");
  tree.file("index.json", R"([{"id": "659", "dir": "/some/where/moved"}, {"id": 7, "dir": "gone/"}])");
  std::vector<Label> labels = {label("659", "legal", {}), label("x", "legal", {}), label("elsewhere", "legal", {}),
                               label("../x", "legal", {})};
  ASSERT_TRUE(place_labels(labels, tree.root()));
  EXPECT_EQ(labels[0].folder, "moved");
  EXPECT_EQ(labels[1].folder, "x");
  EXPECT_EQ(labels[2].folder, "");
  EXPECT_EQ(labels[3].folder, "");
  for (const char* broken : {"{}", "[1]", "[{\"id\": \"a\"}]", "[{\"id\": \"a\", \"dir\": \"..\"}]", "["}) {
    tree.file("index.json", broken);
    const Status placed = place_labels(labels, tree.root());
    ASSERT_FALSE(placed) << broken;
    EXPECT_THAT(placed.error().message, HasSubstr("index.json: line 1")) << broken;
  }
}

TEST(Agreement, CountsFoundMissedWrongedAndUnanswered) {
  const std::vector<Label> labels = {label("found", "illegal", {"C2", "time"}),
                                     label("beside", "illegal", {"C1"}),
                                     label("any", "illegal", {"a new class"}),
                                     label("fine", "legal", {}),
                                     label("wronged", "legal", {}),
                                     label("open", "disputed/other", {"C1"}),
                                     label("silent", "illegal", {"data access"})};
  const Agreement a = compare("f", labels,
                              {{"found", {"PG-C2-BLEND", "PG-FILES-REQUIRED"}},
                               {"beside", {"PG-C3-ADAPT"}},
                               {"any", {"PG-SIZE-CAP"}},
                               {"fine", {"PG-FILES-REQUIRED"}},
                               {"wronged", {"PG-C2-BLEND"}},
                               {"open", {"PG-C1-CHOICE"}},
                               {"unlabelled", {"PG-C1-CHOICE"}}});
  EXPECT_EQ(a.illegal, 4u);
  EXPECT_EQ(a.found, 2u);
  EXPECT_EQ(a.legal, 2u);
  EXPECT_EQ(a.wronged, 1u);
  EXPECT_EQ(a.other, 1u);
  EXPECT_EQ(a.other_failed, 1u);
  EXPECT_THAT(a.unanswered, ElementsAre("silent"));
  EXPECT_DOUBLE_EQ(a.recall(), .5);
  EXPECT_DOUBLE_EQ(a.precision(), 2. / 3);
  ASSERT_EQ(a.disagreements.size(), 3u);
  EXPECT_EQ(a.disagreements[0].label.id, "beside");
  EXPECT_EQ(a.disagreements[1].label.id, "wronged");
  EXPECT_THAT(a.disagreements[1].failing, ElementsAre("PG-C2-BLEND"));
  EXPECT_FALSE(a.disagreements[2].answered);
  const auto& c2 = a.families.at("PG-C2");
  EXPECT_EQ(c2.hit, 1u);
  EXPECT_EQ(c2.wronged, 1u);
  EXPECT_EQ(a.families.at("PG-C1").missed, 1u);
  EXPECT_EQ(a.families.at("PG-C1").disputed, 1u);
  EXPECT_EQ(a.families.at("PG-C3").beside, 1u);
  EXPECT_EQ(a.families.at("PG-DATA").missed, 1u);
  EXPECT_EQ(a.families.at("PG-TIME").missed, 1u);
  EXPECT_THAT(agreement_text(a),
              AllOf(HasSubstr("illegal found 2/4; legal wronged 1/2; disputed or withdrawn failed 1/1"),
                    HasSubstr("missed  beside (illegal: C1): failing: PG-C3-ADAPT"),
                    HasSubstr("missed  silent (illegal: data access): unanswered")));
}

TEST(Agreement, AClassOfSeveralFamiliesIsMetByAnyAndMissedByTheFirst) {
  const std::vector<Label> labels = {label("a", "illegal", {"val in training"}), label("b", "illegal", {"val"})};
  const Agreement a = compare("f", labels, {{"a", {"PG-C3-ADAPT"}}, {"b", {}}});
  EXPECT_EQ(a.found, 1u);
  EXPECT_EQ(a.families.at("PG-C3").hit, 1u);
  EXPECT_EQ(a.families.at("PG-C3").missed, 0u);
  EXPECT_EQ(a.families.at("PG-DATA").missed, 1u);
}

TEST(Agreement, ARuleMissesWhatItsSisterFinds) {
  const Agreement a = compare("f", {label("a", "illegal", {"C1"}), label("b", "illegal", {"PG-C1"})},
                              {{"a", {"PG-C1-CHOICE"}}, {"b", {"PG-C1-KERNEL"}}});
  EXPECT_EQ(a.rules.at("PG-C1-CHOICE").hit, 1u);
  EXPECT_EQ(a.rules.at("PG-C1-CHOICE").missed, 1u);
  EXPECT_EQ(a.families.at("PG-C1").missed, 0u);
}

TEST(ArchiveLabels, JoinTheSummaryAndLeaveLinesAndExitCodeAlone) {
  TestTree tree;
  tree.submission("cases/a");
  tree.submission("cases/b");
  tree.file("labels.json", R"({"folders": {"a": {"label": "illegal", "violated": ["PG-FILES"]}, "b": "legal"}})");
  const std::string root = tree.root() / "cases", labels = tree.root() / "labels.json",
                    out = tree.root() / "agreement.json";
  const Finished plain = run_pgverify({"archive", root});
  const Finished with = run_pgverify({"archive", root, "--labels", labels, "--labels-output", out});
  EXPECT_EQ(with.code, plain.code);
  EXPECT_THAT(plain.err, Not(HasSubstr("agreement")));
  EXPECT_THAT(with.out, Not(HasSubstr("agreement")));
  EXPECT_THAT(with.err, HasSubstr("illegal found 1/1; legal wronged 0/1"));
  std::ifstream in(out);
  const auto json = nlohmann::json::parse(in);
  EXPECT_EQ(json["schema"], "pgverify/agreement/v1");
  EXPECT_EQ(json["illegal"]["found"], 1);
  EXPECT_THAT(run_pgverify({"archive", root, "--labels", labels, "--summary"}).out, HasSubstr("recall 1.000"));
  EXPECT_THAT(run_pgverify({"archive", root, "--labels", labels, "--quiet"}).err, IsEmpty());
}

TEST(ArchiveLabels, MalformedFilesStopBeforeAnythingIsExamined) {
  TestTree tree;
  tree.submission("cases/a");
  tree.file("broken.json", "{\"folders\":\n {\"a\": 3}}");
  tree.file("other.json", R"({"folders": {"z": "legal"}})");
  const std::string root = tree.root() / "cases";
  const Finished broken = run_pgverify({"archive", root, "--labels", tree.root() / "broken.json"});
  EXPECT_EQ(broken.code, 2);
  EXPECT_THAT(broken.err, AllOf(HasSubstr("broken.json: line 2:"), HasSubstr("needs a label")));
  EXPECT_THAT(broken.out, IsEmpty());
  EXPECT_EQ(run_pgverify({"archive", root, "--labels", tree.root() / "missing.json"}).code, 2);
  EXPECT_EQ(run_pgverify({"archive", root, "--labels-output", "x"}).code, 2);
  EXPECT_THAT(run_pgverify({"archive", root, "--labels", tree.root() / "other.json"}).err,
              HasSubstr("none of its 1 labels belongs to a folder"));
}

}  // namespace
}  // namespace pg::verify

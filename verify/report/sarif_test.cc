#include "verify/report/sarif.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "reference/base/text.h"
#include "verify/report/golden.h"
#include "verify/report/sample_reports.h"
#include "verify/report/sarif_artifacts.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<RuleInfo> kRules = {
    {"PG-SIZE-CAP", "the size limit", "Code and model fit the limit.", "That the artifact was measured."},
    {"PG-CODE-OPAQUE", "readable code", "The script can be reduced to source.", "That the source is compliant."}};

std::string sarif(const std::vector<Report>& reports) {
  SarifLog log(kRules, "https://example.org/rules");
  for (const Report& report : reports) log.add(report);
  return log.take();
}

json run_of(const std::vector<Report>& reports) {
  return json::parse(sarif(reports))["runs"][0];
}

Report with_evidence(std::size_t n) {
  Report report = clean_report();
  RuleResult r = failing_report().results[8];
  r.id = "PG-SIZE-CAP";
  r.verdict = Verdict::fail;
  r.severity = Severity::error;
  for (std::size_t i = 0; i < n; ++i) r.evidence.push_back({"train.log", static_cast<std::uint32_t>(i + 1), "x", 0});
  report.results = {r};
  report.submission.folder.files.push_back({"train.log", 1, ""});
  return report;
}

TEST(ReportSarif, MatchesTheGoldenFiles) {
  // The version is left out: it would change with every release.
  const auto without_version = [](std::string text) {
    for (std::size_t i; (i = text.find(PG_VERSION)) != std::string::npos;)
      text.replace(i, sizeof PG_VERSION - 1, "VERSION");
    return text;
  };
  expect_golden("verify/report/testdata/clean.sarif", without_version(sarif({clean_report()})));
  expect_golden("verify/report/testdata/failing.sarif", without_version(sarif({failing_report()})));
  expect_golden("verify/report/testdata/unreadable.sarif", without_version(sarif({unreadable_report()})));
  Report hostile = hostile_report();
  hostile.results.back().evidence.resize(2);
  expect_golden("verify/report/testdata/hostile.sarif", without_version(sarif({hostile})));
}

TEST(ReportSarif, LevelsFollowSeveritiesAndWhatIsUndecidedIsOpen) {
  std::map<std::string, std::pair<std::string, std::string>> kinds;
  const json run = run_of({failing_report()});
  for (const json& r : run["results"]) kinds[r["ruleId"]] = {r["kind"], r["level"]};
  EXPECT_EQ(kinds["PG-SIZE-CAP"], std::make_pair(std::string("fail"), std::string("error")));
  EXPECT_EQ(kinds["PG-SEEDS-COUNT"], std::make_pair(std::string("fail"), std::string("warning")));
  EXPECT_EQ(kinds["PG-CLAIM-STD"], std::make_pair(std::string("fail"), std::string("note")));
  EXPECT_EQ(kinds["PG-CODE-OPAQUE"], std::make_pair(std::string("open"), std::string("none")));
}

TEST(ReportSarif, PackedCodeHasAPlaceInBothFiles) {
  Report report = failing_report();
  report.run.repository_path = "records/a b";
  report.submission.code[0].source = "import torch\n";
  const json run = run_of({report});
  for (const json& r : run["results"]) {
    if (r["ruleId"] != "PG-CODE-OPAQUE") continue;
    const json& shipped = r["locations"][0]["physicalLocation"];
    EXPECT_EQ(shipped["artifactLocation"]["uri"], "records/a%20b/train_gpt.py");
    EXPECT_EQ(shipped["region"]["startLine"], 2);
    const json& decoded = r["relatedLocations"][0]["physicalLocation"];
    EXPECT_EQ(decoded["region"]["startLine"], 7);
    const json& artifact = run["artifacts"][decoded["artifactLocation"]["index"].get<std::size_t>()];
    EXPECT_EQ(artifact["parentIndex"], shipped["artifactLocation"]["index"]);
    EXPECT_EQ(artifact["contents"]["text"], "import torch\n");
    EXPECT_THAT(r["message"]["text"].get<std::string>(), HasSubstr("[line 7](1)"));
    return;
  }
  FAIL() << "no result for packed code";
}

TEST(ReportSarif, RulesLinkToTheirPages) {
  const json rules = run_of({clean_report()})["tool"]["driver"]["rules"];
  EXPECT_EQ(rules[0]["helpUri"], "https://example.org/rules/PG-SIZE-CAP.md");
  for (const json& rule : rules) EXPECT_LE(rule["properties"]["tags"].size(), kMaxSarifTags);
  SarifLog bare(kRules, "");
  EXPECT_THAT(bare.take(), Not(HasSubstr("helpUri")));
}

TEST(ReportSarif, FingerprintsSurviveShiftedLinesAndTellFindingsApart) {
  RuleResult r = failing_report().results[8];
  r.evidence = {{"train.log", 10, "  total   16,000,001 bytes", 0}};
  RuleResult moved = r;
  moved.evidence[0].line = 99;
  moved.evidence[0].text = "total 16,000,001 bytes ";
  EXPECT_EQ(finding_fingerprint("a", r, 1), finding_fingerprint("a", moved, 1));
  EXPECT_NE(finding_fingerprint("a", r, 1), finding_fingerprint("a", r, 2));
  RuleResult other = r;
  other.evidence[0].file = "other.log";
  EXPECT_NE(finding_fingerprint("a", r, 1), finding_fingerprint("a", other, 1));
  other = r;
  other.id = "PG-OTHER";
  EXPECT_NE(finding_fingerprint("a", r, 1), finding_fingerprint("a", other, 1));
  EXPECT_NE(finding_fingerprint("a", r, 1), finding_fingerprint("b", r, 1));
}

std::vector<std::string> fingerprints(const json& run) {
  std::vector<std::string> out;
  for (const json& result : run["results"]) out.push_back(result["partialFingerprints"]["pgverify/v1"]);
  return out;
}

TEST(ReportSarif, FingerprintsAreUniqueWithinARunAndTheSameInTheNextOne) {
  Report elsewhere = failing_report();  // another folder of the same name, with the same findings
  elsewhere.run.repository_path = "records/track_other/2026-04-09_Sample";
  const std::vector<std::string> run = fingerprints(run_of({failing_report(), elsewhere}));
  EXPECT_EQ(std::set<std::string>(run.begin(), run.end()).size(), run.size());
  EXPECT_EQ(run, fingerprints(run_of({failing_report(), elsewhere})));
  EXPECT_EQ(fingerprints(run_of({elsewhere})), fingerprints(run_of({failing_report()}))) << "moved, not renamed";
  Report renamed = failing_report();
  renamed.submission.name = "2026-04-10_Sample";
  const std::vector<std::string> other = fingerprints(run_of({renamed}));
  for (const std::string& print : fingerprints(run_of({failing_report()})))
    EXPECT_EQ(std::count(other.begin(), other.end(), print), 0) << "another submission's findings";
}

TEST(ReportSarif, AResultHasAtMostAThousandPlacesAndTheRestIsCounted) {
  const json run = run_of({with_evidence(1'200)});
  const json& r = run["results"][0];
  EXPECT_EQ(r["locations"].size() + r["relatedLocations"].size(), kMaxSarifLocations);
  EXPECT_THAT(run["invocations"][0]["toolExecutionNotifications"].dump(), HasSubstr("200 places were left out"));
}

TEST(ReportSarif, ARunHasAtMost25000ResultsTheGravest) {
  Report many = with_evidence(1);
  RuleResult info = many.results[0];
  info.severity = Severity::info;
  many.results.assign(9'000, info);
  many.results.push_back(with_evidence(1).results[0]);
  const json run = run_of({many, many, many});
  EXPECT_EQ(run["results"].size(), kMaxSarifResults);
  std::size_t errors = 0;
  for (const json& r : run["results"]) errors += r["level"] == "error" ? 1 : 0;
  EXPECT_EQ(errors, 3u);
  EXPECT_THAT(run["invocations"][0].dump(), HasSubstr("2003 results were left out"));
}

TEST(ReportSarif, AFolderThatCannotBeExaminedMakesTheRunUnsuccessful) {
  const json run = run_of({clean_report(), unreadable_report()});
  EXPECT_EQ(run["invocations"][0]["executionSuccessful"], false);
  EXPECT_THAT(run["invocations"][0].dump(), HasSubstr("Permission denied"));
}

TEST(ReportSarif, HostileTextStaysText) {
  const std::string text = sarif({hostile_report()});
  EXPECT_TRUE(text == to_utf8(text));
  const json run = json::parse(text)["runs"][0];
  for (const json& r : run["results"])  // quoted lines are content, only messages are interpreted
    EXPECT_EQ(r["message"]["text"].get<std::string>().find("](javascript"), std::string::npos);
  EXPECT_EQ(text.find("\xE2\x80\xAE"), std::string::npos);
  EXPECT_LT(text.size(), std::size_t{1} << 20);
}

TEST(ReportSarif, PathsBecomeUriReferences) {
  EXPECT_EQ(path_to_uri("a b/\xC3\xBC%#?:.py"), "a%20b/%C3%BC%25%23%3F%3A.py");
}

}  // namespace
}  // namespace pg::verify

#include "verify/sign/statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "verify/report/canonical.h"

namespace pg::verify {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxSubjects = 20'000;

bool is_hex_digest(const std::string& text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// A string member of an object; "" where it is something else.
std::string text_at(const json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

const json& object_at(const json& object, const char* key) {
  static const json kNone = json::object();
  if (!object.is_object()) return kNone;
  const auto at = object.find(key);
  return at != object.end() && at->is_object() ? *at : kNone;
}

// How a rule came out over all its results, the gravest counts.
// `noted`: a fact of severity info, which is
// no warning.
enum class Outcome { not_applicable, passed, noted, warned, failed };

std::map<std::string, Outcome> outcomes(const json& report) {
  std::map<std::string, Outcome> out;
  for (const json& rule : report.at("rules")) {
    const std::string verdict = rule.at("verdict"), severity = rule.at("severity");
    const Outcome outcome = verdict == "not_applicable" ? Outcome::not_applicable
                            : verdict == "pass"         ? Outcome::passed
                            : severity == "error"       ? Outcome::failed
                            : severity == "warning"     ? Outcome::warned
                                                        : Outcome::noted;
    Outcome& worst = out.try_emplace(rule.at("id"), Outcome::not_applicable).first->second;
    worst = std::max(worst, outcome);
  }
  return out;
}

json rules_with(const std::map<std::string, Outcome>& rules, Outcome wanted) {
  json out = json::array();
  for (const auto& [id, outcome] : rules)
    if (outcome == wanted) out.push_back(id);
  return out;
}

json policy_resource(const json& report) {
  return {{"name", report.at("policy").at("name")}, {"digest", {{"sha256", report.at("policy").at("digest")}}}};
}

json test_result(const json& report) {
  const auto rules = outcomes(report);
  const json warned = rules_with(rules, Outcome::warned);
  json good = rules_with(rules, Outcome::passed);
  for (const json& id : rules_with(rules, Outcome::noted)) good.push_back(id);
  const bool passed = report.at("verdict") == "pass";
  return {{"result", !passed          ? "FAILED"
                     : warned.empty() ? "PASSED"
                                      : "WARNED"},
          {"configuration", json::array({policy_resource(report)})},
          {"passedTests", good},
          {"warnedTests", warned},
          {"failedTests", rules_with(rules, Outcome::failed)}};
}

json svr(const json& report, const std::string& verifier_id) {
  json properties = json::array();
  if (report.at("verdict") == "pass") properties.push_back("PGVERIFY_PASS");
  for (const json& id : rules_with(outcomes(report), Outcome::passed)) {
    std::string name = "PGVERIFY_" + id.get<std::string>();
    std::replace(name.begin(), name.end(), '-', '_');
    properties.push_back(name);
  }
  return {{"verifier", {{"id", verifier_id}, {"policies", json::array({policy_resource(report)})}}},
          {"timeCreated", report.at("run").at("time")},
          {"properties", properties}};
}

}  // namespace

json without_run(json report) {
  report.erase("run");
  return report;
}

std::string report_digest(const json& report_without_run) {
  return sha256_hex(canonical_json(report_without_run));
}

json make_statement(const json& report, const std::vector<Subject>& subjects, const std::string& verifier_id,
                    PredicateKind kind) {
  json list = json::array();
  for (const Subject& s : subjects) list.push_back({{"name", s.name}, {"digest", {{s.algorithm, s.digest}}}});
  json out = {{"_type", kStatementType}, {"subject", std::move(list)}};
  switch (kind) {
    case PredicateKind::report:
      out["predicateType"] = kReportPredicate;
      out["predicate"] = {{"verifier", {{"id", verifier_id}, {"version", report.at("run").at("version")}}},
                          {"report", without_run(report)},
                          {"runDetails", report.at("run")}};
      break;
    case PredicateKind::test_result:
      out["predicateType"] = kTestResultPredicate;
      out["predicate"] = test_result(report);
      break;
    case PredicateKind::svr:
      out["predicateType"] = kSvrPredicate;
      out["predicate"] = svr(report, verifier_id);
      break;
  }
  return out;
}

Result<std::vector<Subject>> statement_subjects(const json& statement) {
  const auto list = statement.find("subject");
  if (list == statement.end() || !list->is_array() || list->empty() || list->size() > kMaxSubjects)
    return Error{"\"subject\" has to be a list that is neither empty nor excessive"};
  std::vector<Subject> out;
  for (const json& entry : *list) {
    const json& digests = object_at(entry, "digest");
    const char* algorithm = digests.contains("sha256") ? "sha256" : "dirHash";
    Subject subject{text_at(entry, "name"), algorithm, text_at(digests, algorithm)};
    if (!is_hex_digest(subject.digest))
      return Error{fmt::format("the subject \"{}\" has no sha256 and no dirHash", escape_line(subject.name))};
    out.push_back(std::move(subject));
  }
  return out;
}

Result<SignedReport> statement_report(const json& statement) {
  const json& predicate = object_at(statement, "predicate");
  SignedReport out;
  out.verifier_id = text_at(object_at(predicate, "verifier"), "id");
  out.verifier_version = text_at(object_at(predicate, "verifier"), "version");
  out.time = text_at(object_at(predicate, "runDetails"), "time");
  out.report = object_at(predicate, "report");
  out.name = text_at(object_at(out.report, "subject"), "name");
  out.verdict = text_at(out.report, "verdict");
  out.policy_name = text_at(object_at(out.report, "policy"), "name");
  out.policy_digest = text_at(object_at(out.report, "policy"), "digest");
  if (text_at(out.report, "schema") != "pgverify/report/v1") return Error{"the predicate holds no pgverify/report/v1"};
  if (out.verifier_id.empty()) return Error{"the predicate names no verifier"};
  if (out.verdict != "pass" && out.verdict != "fail" && out.verdict != "inconclusive")
    return Error{fmt::format("\"{}\" is no verdict", escape_line(out.verdict))};
  out.report_digest = report_digest(out.report);
  return out;
}

}  // namespace pg::verify

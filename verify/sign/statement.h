// The signed bytes: an in-toto Statement v1 whose predicate is a report.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "verify/sign/subjects.h"

namespace pg::verify {

inline constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";
inline constexpr std::string_view kReportPredicate = "urn:pgverify:report:v1";
inline constexpr std::string_view kTestResultPredicate = "https://in-toto.io/attestation/test-result/v0.1";
inline constexpr std::string_view kSvrPredicate = "https://in-toto.io/attestation/svr/v0.2";
// The verifier of who does not name one.
inline constexpr std::string_view kUnnamedVerifier = "urn:pgverify:unnamed";

enum class PredicateKind { report, test_result, svr };

// `report` is a pgverify/report/v1 document. Predicates:
//   report       {"verifier": {id, version}, "report": the document without "run", "runDetails": its "run"}
//   test_result  rules that passed, warned and failed; what could not be decided counts as failed
//   svr          what passed, and nothing else
nlohmann::json make_statement(const nlohmann::json& report, const std::vector<Subject>& subjects,
                              const std::string& verifier_id, PredicateKind kind);

// A report that came in a statement.
struct SignedReport {
  std::vector<Subject> subjects;
  std::string verifier_id, verifier_version;
  std::string time;           // runDetails.time: what the signer claims, "" where absent
  nlohmann::json report;      // pgverify/report/v1 without "run"
  std::string report_digest;  // SHA-256 of its canonical form: the same for everybody who found the same
  std::string name, verdict, policy_name, policy_digest;
};

// The parts of a statement, read one after the other so that a caller can say which one is wrong.
Result<std::vector<Subject>> statement_subjects(const nlohmann::json& statement);
Result<SignedReport> statement_report(const nlohmann::json& statement);

// The report without its volatile part, and the digest of that.
nlohmann::json without_run(nlohmann::json report);
std::string report_digest(const nlohmann::json& report_without_run);

}  // namespace pg::verify

#include "verify/rules/data_payload.h"

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-DATA-PAYLOAD";
using Kind = py::Finding::Kind;

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  return judge_source(
      kId, s,
      {
          {Kind::payload_answers, true,
           "validation targets are compared with tokens that a file brought: validation data is in the artifact",
           "Remove the payload; validation data may not be part of the artifact."},
      });
}

}  // namespace

const Rule kRuleDataPayload{
    kId, "answers in the artifact",
    "No file brings the validation tokens: targets are not compared with tokens that a payload holds.",
    "It is read from the source, not run: what it does not find may still be there.", check};

}  // namespace pg::verify

#include "verify/rules/c1_smear.h"

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-C1-SMEAR";

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  return judge_source(kId, s,
                      {
                          {py::Finding::Kind::smear_across_documents, false,
                           "each position is mixed with the one before it, and nothing keeps the last token of one "
                           "document out of the next: refused in one ruling, merged in another case",
                           "Multiply the gate by whether the token is no first token of a document."},
                      });
}

}  // namespace

const Rule kRuleC1Smear{kId, "smear across documents",
                        "A gate that mixes a position with the one before it is closed where a document begins.",
                        "Whether a token of the document before counts as prefix is not settled: both readings exist.",
                        check};

}  // namespace pg::verify

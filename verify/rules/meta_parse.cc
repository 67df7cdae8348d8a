#include "verify/rules/meta_parse.h"

#include <fmt/format.h>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-META-PARSE";

std::vector<RuleResult> check(const Submission& submission, const Policy&) {
  const Metadata& m = submission.metadata;
  if (m.path.empty()) return {not_applicable(kId, "skipped because there is no metadata file (PG-FILES-REQUIRED)")};
  if (!m.parsed) {
    Failure failure{Severity::error,
                    fmt::format("{}: {}", escape_line(m.path), m.parse_error),
                    m.parse_error,
                    "one JSON object (RFC 8259)",
                    {{m.path, m.parse_error_line, "", 0}},
                    ""};
    failure.help =
        m.recovered ? "the fields were read all the same; other readers will refuse the file: correct the line"
                    : "write one JSON object; nothing of the claim could be read, so that rules about it are skipped";
    return {failed(kId, std::move(failure))};
  }
  for (const MetadataDeviation& deviation : m.deviations)
    if (deviation.kind == MetadataDeviation::Kind::wrong_type && deviation.key.empty())
      return {failed(kId, {Severity::warning,
                           fmt::format("{}: {}", escape_line(m.path), deviation.message),
                           "a list",
                           "one JSON object",
                           {{m.path, deviation.line, "", 0}},
                           "take the object out of the list"})};
  return {passed(kId, fmt::format("{} is a JSON object", escape_line(m.path)))};
}

}  // namespace

const Rule kRuleMetaParse{kId, "metadata is JSON", "whether the metadata file is one valid JSON object",
                          "that its values are right", check};

}  // namespace pg::verify

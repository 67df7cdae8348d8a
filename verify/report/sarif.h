#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "verify/report/report.h"
#include "verify/report/rule_pages.h"

namespace pg::verify {

// What GitHub's code scanning takes of one file.
inline constexpr std::size_t kMaxSarifResults = 25'000;   // per run
inline constexpr std::size_t kMaxSarifLocations = 1'000;  // per result
inline constexpr std::size_t kMaxSarifTags = 20;          // per rule

// A SARIF 2.1.0 log with one run: one result per finding of the reports added. docs/formats/outputs.md has the mapping
// and what stays the same between versions.
class SarifLog {
 public:
  // `rules` become the rule metadata, each with its page below `docs_url` where that is not empty.
  SarifLog(const std::vector<RuleInfo>& rules, std::string docs_url);
  ~SarifLog();
  SarifLog(const SarifLog&) = delete;
  SarifLog& operator=(const SarifLog&) = delete;

  void add(const Report& report);
  // The document, and an end to adding. Beyond the caps the gravest results are kept and the rest counted in
  // invocations[0].toolExecutionNotifications.
  std::string take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A finding's identity for partialFingerprints: the folder's own name, rule, file and the line's text with blanks
// collapsed; not the line's number, so that lines inserted above change nothing, and not where the folder lies.
// `ordinal` tells equal ones of a run apart.
std::string finding_fingerprint(std::string_view folder_name, const RuleResult& result, std::size_t ordinal);

}  // namespace pg::verify

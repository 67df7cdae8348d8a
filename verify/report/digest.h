#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "verify/report/report.h"
#include "verify/report/words.h"

namespace pg::verify {

// What failed or was left undecided, as far as summaries show it. Every text has been through escape_line.
struct Finding {
  std::vector<std::string> ids;  // of all rules that say the same
  Verdict verdict = Verdict::fail;
  Severity severity = Severity::error;
  std::string message, quantities, help;
  std::string file;  // of the first evidence in a shipped file; "" where there is none
  std::uint32_t line = 0, decoded_line = 0;
  std::vector<Evidence> evidence;  // the first few
  std::size_t evidence_omitted = 0;
};

// A report without its Submission: a few kilobytes, so that a summary can hold those of a whole contest.
struct Digest {
  std::string name, folder;  // folder: as RunInfo::repository_path where given, else as the caller named it
  std::string track, policy, error;
  Verdict verdict = Verdict::inconclusive;
  Counts counts;
  std::vector<Fact> facts;  // margins()
  std::string claimed_bpb;
  std::optional<double> mean_bpb;
  std::optional<std::int64_t> bytes, bytes_left, train_ms, eval_ms;
  std::vector<Finding> findings;  // gravest first
};

Digest digest(const Report& report);

inline int gravity(const Finding& finding) {
  return gravity(finding.verdict, finding.severity);
}
// 0 fail or not examined, 1 cannot tell, 2 pass.
int gravity(const Digest& digest);

}  // namespace pg::verify

#include "verify/report/report.h"

#include <unistd.h>

#include <array>
#include <ctime>

namespace pg::verify {

Counts count(const std::vector<RuleResult>& results) {
  Counts counts;
  for (const RuleResult& result : results) {
    if (result.verdict == Verdict::pass) ++counts.pass;
    if (result.verdict == Verdict::not_applicable) ++counts.not_applicable;
    if (result.verdict == Verdict::inconclusive)
      ++(result.severity == Severity::info ? counts.unproved : counts.inconclusive);
    if (result.verdict != Verdict::fail) continue;
    if (result.severity == Severity::error) ++counts.errors;
    if (result.severity == Severity::warning) ++counts.warnings;
    if (result.severity == Severity::info) ++counts.infos;
  }
  return counts;
}

RunInfo run_info(std::string folder) {
  RunInfo info;
  info.folder = std::move(folder);
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  std::array<char, 32> text{};
  if (::gmtime_r(&now, &utc) != nullptr && std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
    info.time = text.data();
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) info.host = host.data();
  return info;
}

}  // namespace pg::verify

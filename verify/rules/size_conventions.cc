#include "verify/rules/size_conventions.h"

#include <fmt/format.h>

#include <array>

#include "reference/base/text.h"
#include "verify/rules/results.h"
#include "verify/submission/reach.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-SIZE-CONVENTIONS";
constexpr std::array kAll = {SizeConvention::as_logged, SizeConvention::as_shipped, SizeConvention::as_packed,
                             SizeConvention::reachable};

std::string files_text(const std::vector<ReachedFile>& files) {
  std::string text;
  for (const ReachedFile& file : files)
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", file.path, with_commas(static_cast<std::int64_t>(file.bytes)));
  return text;
}

// Why the readings part, from the two causes that exist.
std::string cause(const Submission& s, const SizeTable& table, bool packed_only) {
  const CodeFile* entry = entry_script(s);
  if (packed_only && entry != nullptr)
    return fmt::format("the logs count a packed form of the code that is not in the folder; {} as shipped has {} bytes",
                       entry->path, with_commas(static_cast<std::int64_t>(entry->bytes)));
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = s.last_run(sized_run(s, *run));
    const bool sums = log.bytes_total && log.bytes_model && log.bytes_code;
    if (sums && add_bytes(*log.bytes_model, *log.bytes_code) != *log.bytes_total)
      return "a logged total is not model + counted code (PG-SIZE-ARITHMETIC)";
  }
  if (!table.reached_code.empty()) return "code beside the entry script is reached: " + files_text(table.reached_code);
  return "the code counted by the logs is not the code in the folder";
}

}  // namespace

std::vector<RuleResult> check_size_conventions(const Submission& s, const Policy& policy) {
  const SizeTable table = size_table(s);
  std::string observed, within, over;
  int known = 0;
  for (const SizeConvention convention : kAll) {
    const auto& size = table.under(convention);
    if (!size) continue;
    ++known;
    const std::string name = convention_name(convention);
    observed += fmt::format("{}{} {}", observed.empty() ? "" : "; ", name, with_commas(size->bytes));
    std::string& side = size->bytes > policy.limit_bytes ? over : within;
    side += fmt::format("{}{}", side.empty() ? "" : ", ", name);
  }
  if (known < 2) return {not_applicable(kId, "skipped: fewer than two ways of counting are known here (PG-SIZE-CAP)")};
  if (!table.reached_data.empty()) observed += "; reached and never counted: " + files_text(table.reached_data);
  const auto complete = [&](RuleResult result) {
    result.observed = observed;
    result.required = fmt::format("at most {} bytes; {} decides under policy {}", with_commas(policy.limit_bytes),
                                  convention_name(policy.size_convention), policy.name);
    return std::vector<RuleResult>{std::move(result)};
  };
  if (over.empty()) return complete(passed(kId, "within the limit however the code is counted"));
  if (within.empty()) return complete(passed(kId, "over the limit however the code is counted (PG-SIZE-CAP)"));
  const bool packed_only = table.as_packed && table.as_packed->bytes <= policy.limit_bytes && table.as_shipped &&
                           table.as_shipped->bytes > policy.limit_bytes;
  auto result = failed(kId, Severity::warning,
                       fmt::format("within the limit {}, over it {}: {}", within, over, cause(s, table, packed_only)),
                       packed_only ? "Ship the packed script that the log counts, as earlier records did."
                                   : "Keep all counted code in the entry script, or count every file it needs.");
  // Code that is over the limit as shipped, and no packed size in the logs that would explain it: the counted code is
  // not this code.
  if (!packed_only && policy.size_convention == SizeConvention::as_logged && table.as_shipped &&
      table.as_shipped->bytes > policy.limit_bytes) {
    result.verdict = Verdict::inconclusive;
    result.severity = Severity::error;
  }
  for (const SizeConvention convention : kAll) {
    const auto& size = table.under(convention);
    if (!size) continue;
    if (size->bytes > policy.limit_bytes)
      result.margin += fmt::format("{}{}: {}", result.margin.empty() ? "" : "; ", convention_name(convention),
                                   size_margin(size->bytes, policy.limit_bytes));
  }
  if (const CodeFile* entry = entry_script(s))
    result.evidence.push_back(
        {entry->path, 0, fmt::format("{} bytes", with_commas(static_cast<std::int64_t>(entry->bytes))), 0});
  for (const ReachedFile& file : table.reached_code)
    result.evidence.push_back(
        {file.path, 0, fmt::format("{} bytes", with_commas(static_cast<std::int64_t>(file.bytes))), 0});
  return complete(std::move(result));
}

const Rule kRuleSizeConventions{
    kId, "size under each way of counting",
    "The largest claimed run is on the same side of the limit as logged, as shipped, as packed and with all code "
    "reached.",
    "Which reading the organizers hold is not decided here: the policy names the one that PG-SIZE-CAP uses.",
    check_size_conventions};

}  // namespace pg::verify

#include "verify/rules/code_entry.h"

#include <fmt/format.h>

#include "reference/base/text.h"
#include "verify/rules/results.h"
#include "verify/submission/reach.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CODE-ENTRY";
constexpr std::string_view kStandardName = "train_gpt.py";
// A script this small that runs another one holds no training of its own.
constexpr std::uint64_t kShimBytes = 4096;

std::string bytes_text(const CodeFile& file) {
  return with_commas(static_cast<std::int64_t>(file.bytes)) + " bytes";
}

void check_shim(const Submission& s, const CodeFile& entry, std::vector<RuleResult>& results) {
  if (entry.decoded_bytes > kShimBytes || !entry.opaque.empty()) return;
  for (const CodeReference& reference : entry.references) {
    if (reference.kind != CodeReference::Kind::exec && reference.kind != CodeReference::Kind::subprocess &&
        reference.kind != CodeReference::Kind::import)
      continue;
    const CodeFile* target = find_code(s, reference.target);
    const bool present = s.folder.find(reference.target) != nullptr;
    auto result =
        failed(kId, Severity::warning,
               present ? fmt::format("{} ({}) only runs {}{}: counted code must follow", entry.path, bytes_text(entry),
                                     reference.target, target ? fmt::format(" ({})", bytes_text(*target)) : "")
                       : fmt::format("{} ({}) runs {}, which is not in the folder", entry.path, bytes_text(entry),
                                     reference.target),
               fmt::format("Put the code that runs into {}, where it is counted.", kStandardName));
    result.evidence.push_back({entry.path, reference.line, reference.text, reference.decoded_line});
    if (target != nullptr) result.evidence.push_back({target->path, 0, bytes_text(*target), 0});
    results.push_back(std::move(result));
    return;
  }
}

void check_name(const Submission& s, const CodeFile& entry, std::vector<RuleResult>& results) {
  if (entry.path == kStandardName) return;
  std::vector<const CodeFile*> others;
  for (const CodeFile& file : s.code)
    if (&file != &entry && file.path.ends_with(".py") && file.path.find('/') == std::string::npos && file.bytes > 0)
      others.push_back(&file);
  const CodeFile* standard = find_code(s, kStandardName);
  const bool beside = standard != nullptr && standard->bytes > 0;
  auto result = failed(
      kId, Severity::warning,
      beside ? fmt::format("the claim ran {}, not {}: {}", entry.path, kStandardName, s.entry_reason)
             : fmt::format("no {}; {} is taken for the script that ran: {}", kStandardName, entry.path, s.entry_reason),
      fmt::format("Name the script that ran {}.", kStandardName));
  result.observed = entry.path;
  result.required = std::string(kStandardName);
  result.evidence.push_back({entry.path, 0, bytes_text(entry), 0});
  for (const CodeFile* other : others) {
    if (result.evidence.size() >= 8) break;
    result.evidence.push_back({other->path, 0, "another script, " + bytes_text(*other), 0});
  }
  results.push_back(std::move(result));
}

}  // namespace

std::vector<RuleResult> check_code_entry(const Submission& s, const Policy&) {
  const CodeFile* entry = entry_script(s);
  if (entry == nullptr) return {not_applicable(kId, "skipped: no script in the folder (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results;
  check_name(s, *entry, results);
  check_shim(s, *entry, results);
  return or_passed(std::move(results), passed(kId, fmt::format("{} is the script that ran", entry->path)));
}

const Rule kRuleCodeEntry{kId, "entry script", "train_gpt.py is the script that ran, and it holds the code that runs.",
                          "Which script ran is concluded from sizes, logs and the README; nothing is executed.",
                          check_code_entry};

}  // namespace pg::verify

#include "verify/rules/code_logged.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "reference/base/text.h"
#include "verify/rules/results.h"
#include "verify/submission/reach.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CODE-LOGGED";

// The shipped script whose size the logged one has to be: the entry script, or a script that it runs where that has the
// size.
const CodeFile* counted_file(const Submission& s, const CodeFile& entry, std::int64_t logged) {
  const CodeFile* nearest = &entry;
  const auto distance = [&](const CodeFile& file) { return std::abs(static_cast<std::int64_t>(file.bytes) - logged); };
  for (const CodeReference& reference : entry.references) {
    const bool runs = reference.kind == CodeReference::Kind::exec || reference.kind == CodeReference::Kind::subprocess;
    const CodeFile* file = find_code(s, reference.target);
    if (runs && file != nullptr && distance(*file) < distance(*nearest)) nearest = file;
  }
  return nearest;
}

struct Counted {
  std::vector<const SubmittedRun*> runs;
  std::vector<std::uint32_t> lines;
};

void check_plain(const Submission& s, const CodeFile& entry, const std::map<std::int64_t, Counted>& sizes,
                 std::vector<RuleResult>& results) {
  for (const auto& [bytes, counted] : sizes) {
    const CodeFile* file = counted_file(s, entry, bytes);
    const auto shipped = static_cast<std::int64_t>(file->bytes);
    if (bytes == shipped) continue;
    auto result = failed(kId, Severity::warning,
                         fmt::format("{} counted {} code bytes, {} has {} ({:+d})", runs_name(s, counted.runs),
                                     with_commas(bytes), file->path, with_commas(shipped), shipped - bytes),
                         "Ship the script that ran, or rerun the one that is shipped.");
    result.observed = with_commas(bytes) + " bytes";
    result.required = with_commas(shipped) + " bytes";
    for (std::size_t i = 0; i < counted.runs.size(); ++i)
      result.evidence.push_back(log_evidence(s, *counted.runs[i], counted.lines[i], "code size " + with_commas(bytes)));
    result.evidence.push_back({file->path, 0, with_commas(shipped) + " bytes", 0});
    results.push_back(std::move(result));
  }
}

// Packed forms of one script differ between seeds only where the script or the packer did.
void check_packed(const Submission& s, const std::map<std::int64_t, Counted>& sizes, std::vector<RuleResult>& results) {
  if (sizes.size() < 2) return;
  auto result = failed(kId, Severity::warning,
                       fmt::format("the claimed runs count {} different packed code sizes, {} to {} bytes",
                                   sizes.size(), with_commas(sizes.begin()->first), with_commas(sizes.rbegin()->first)),
                       "Run all seeds with one script and one packer.");
  result.observed =
      fmt::format("{} to {} bytes", with_commas(sizes.begin()->first), with_commas(sizes.rbegin()->first));
  result.required = "one size";
  for (const auto& [bytes, counted] : sizes)
    result.evidence.push_back(
        log_evidence(s, *counted.runs.front(), counted.lines.front(), "packed code " + with_commas(bytes)));
  results.push_back(std::move(result));
}

}  // namespace

std::vector<RuleResult> check_code_logged(const Submission& s, const Policy&) {
  const CodeFile* entry = entry_script(s);
  if (entry == nullptr) return {not_applicable(kId, "skipped: no script in the folder (PG-FILES-REQUIRED)")};
  std::map<std::int64_t, Counted> plain, packed;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const SubmittedRun& sized = sized_run(s, *run);
    const LogRun& log = s.last_run(sized);
    if (const auto bytes = plain_code_bytes(log)) {
      plain[*bytes].runs.push_back(&sized);
      plain[*bytes].lines.push_back(bytes.line);
    }
    for (auto size = log.sizes.rbegin(); size != log.sizes.rend(); ++size) {
      if (size->kind != SizeLine::Kind::code_packed) continue;
      packed[size->bytes].runs.push_back(&sized);
      packed[size->bytes].lines.push_back(size->line);
      break;
    }
  }
  if (plain.empty() && packed.empty()) return {not_applicable(kId, "skipped: no claimed log prints a code size")};
  std::vector<RuleResult> results;
  check_plain(s, *entry, plain, results);
  check_packed(s, packed, results);
  return or_passed(std::move(results),
                   passed(kId, plain.empty() ? "the claimed runs count one packed size"
                                             : fmt::format("the logs count {} as shipped", entry->path)));
}

const Rule kRuleCodeLogged{
    kId, "logged code size",
    "The code size that each claimed log prints is that of the shipped script, and seeds agree.",
    "Equal sizes do not prove equal code: PG-CODE-EMBEDDED compares the text where a log holds it.", check_code_logged};

}  // namespace pg::verify

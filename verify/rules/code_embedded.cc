#include "verify/rules/code_embedded.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "verify/rules/results.h"
#include "verify/submission/code_diff.h"
#include "verify/submission/reach.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CODE-EMBEDDED";
// Beyond these a script cannot be what ran. The merged folders lie on either side: of the lines that ran up to 3.2 %
// are missing from a script edited after the run and 6.2 % from another one; sizes differ by up to 0.9 % against 3.9 %.
constexpr double kOtherScriptLines = 0.05;
constexpr double kOtherScriptBytes = 0.01;

struct Closest {
  const CodeFile* file = nullptr;
  bool equal = false;
  LineDiff diff;
};

// The shipped script nearest to the embedded text.
Closest closest_file(const Submission& s, const EmbeddedSource& source) {
  Closest best;
  for (const CodeFile& file : s.code) {
    if (!file.path.ends_with(".py") || file.bytes == 0) continue;
    Closest found{&file, file.sha256 == source.sha256, {}};
    if (!found.equal && !source.text.empty() && !file.source.empty()) {
      found.diff = diff_lines(source.text, file.source);
      std::string_view shipped = file.source, embedded = source.text;
      if (shipped.ends_with('\n')) shipped.remove_suffix(1);
      if (embedded.ends_with('\n')) embedded.remove_suffix(1);
      found.equal = shipped == embedded;
    }
    if (found.equal) return found;
    if (best.file == nullptr || found.diff.changed() < best.diff.changed()) best = found;
  }
  return best;
}

// "3 lines differ, the first at line 17"
std::string difference_text(const Closest& closest) {
  const std::uint32_t lines = std::max(closest.diff.only_a, closest.diff.only_b);
  if (lines == 0) return "the same lines in another order or with another end";
  return fmt::format("{} line{} differ{}{}", with_commas(lines), lines == 1 ? "" : "s", lines == 1 ? "s" : "",
                     closest.diff.first_a > 0 ? fmt::format(", the first at line {}", closest.diff.first_a) : "");
}

// The log lacks part of the source: nearly everything it has is in the shipped script, which has much more. Console
// output written over the start of a log does that.
bool is_cut_off(const Closest& closest) {
  const LineDiff& diff = closest.diff;
  return diff.only_a <= kOtherScriptLines * diff.a_lines && diff.only_b > kOtherScriptLines * diff.b_lines;
}

struct Finding {
  Severity severity = Severity::warning;
  std::string message, observed, required;
};

bool same_size(std::int64_t a, std::int64_t b) {
  return std::abs(static_cast<double>(a - b)) <= kOtherScriptBytes * static_cast<double>(std::max(a, b));
}

Finding judge(const EmbeddedSource& source, const Closest& closest, const Logged<std::int64_t>& logged) {
  const auto embedded = static_cast<std::int64_t>(source.bytes), bytes = static_cast<std::int64_t>(closest.file->bytes);
  const std::string shipped = fmt::format("{} ({} bytes)", closest.file->path, with_commas(bytes));
  Finding finding;
  finding.observed = fmt::format("{} bytes embedded{}", with_commas(embedded),
                                 logged ? fmt::format(", {} logged", with_commas(*logged)) : "");
  finding.required = shipped;
  const double missing = static_cast<double>(closest.diff.only_a) / std::max(closest.diff.a_lines, 1u);
  if (is_cut_off(closest) && logged && embedded < *logged && !same_size(*logged, embedded)) {
    if (*logged == bytes) finding.severity = Severity::info;
    finding.message = fmt::format("holds only part of the source that it counted{}",
                                  *logged == bytes ? "" : ", and counted another size than " + shipped);
  } else if (logged && !same_size(*logged, embedded)) {
    const bool shipped_fits = same_size(*logged, bytes);
    finding.severity = shipped_fits ? Severity::warning : Severity::error;
    finding.message = fmt::format("embeds {} bytes of source but counted {}: the embedded source is not what ran{}",
                                  with_commas(embedded), with_commas(*logged),
                                  shipped_fits ? "" : fmt::format(", nor is {}", shipped));
  } else if (missing > kOtherScriptLines && !(logged && *logged == bytes)) {
    finding.severity = Severity::error;
    finding.message =
        fmt::format("ran another script than any in the folder: of the {} lines that ran {} are not in {}, the nearest",
                    with_commas(closest.diff.a_lines), with_commas(closest.diff.only_a), shipped);
  } else {
    finding.message = fmt::format("embeds a source of {} bytes that is not quite {}: {}", with_commas(embedded),
                                  shipped, difference_text(closest));
  }
  return finding;
}

}  // namespace

std::vector<RuleResult> check_code_embedded(const Submission& s, const Policy&) {
  if (entry_script(s) == nullptr) return {not_applicable(kId, "skipped: no script in the folder (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results;
  std::map<std::string, std::size_t> by_message;
  int compared = 0;
  for (const SubmittedRun* claimed : claimed_runs(s)) {
    const SubmittedRun& run = s.last_run(*claimed).source ? *claimed : sized_run(s, *claimed);
    const LogRun& log = s.last_run(run);
    if (!log.source || log.source->bytes == 0) continue;
    ++compared;
    const Closest closest = closest_file(s, *log.source);
    const Logged<std::int64_t> logged = plain_code_bytes(log);
    // The size line may be wrong where the text is right; PG-CODE-LOGGED has that.
    if (closest.equal) continue;
    Finding finding = judge(*log.source, closest, logged);
    Evidence place =
        log_evidence(s, run, log.source->first_line + (closest.diff.first_a > 0 ? closest.diff.first_a - 1 : 0),
                     std::string(line_at(log.source->text, closest.diff.first_a)));
    if (const auto same = by_message.find(finding.message); same != by_message.end()) {
      results[same->second].evidence.push_back(std::move(place));
      continue;
    }
    by_message[finding.message] = results.size();
    auto result = failed(
        kId, finding.severity, std::move(finding.message),
        finding.severity == Severity::info ? "" : "Ship the script that ran, unedited, or rerun the shipped one.");
    result.observed = std::move(finding.observed);
    result.required = std::move(finding.required);
    result.evidence.push_back(std::move(place));
    if (closest.diff.first_b > 0)
      result.evidence.push_back({closest.file->path, closest.diff.first_b,
                                 std::string(line_at(closest.file->source, closest.diff.first_b)), 0});
    results.push_back(std::move(result));
  }
  if (compared == 0) return {not_applicable(kId, "no claimed log holds the source that ran")};
  // What a result says of a run starts with the run's name, or their number.
  for (RuleResult& result : results) {
    std::size_t runs = 0;
    for (const Evidence& evidence : result.evidence) runs += find_code(s, evidence.file) == nullptr;
    result.message = (runs == 1 ? result.evidence.front().file : fmt::format("each of {} claimed logs", runs)) + " " +
                     result.message;
  }
  return or_passed(std::move(results), passed(kId, fmt::format("the source in {} claimed log{} is the shipped script",
                                                               compared, compared == 1 ? "" : "s")));
}

const Rule kRuleCodeEmbedded{
    kId, "source in the logs",
    "The source that claimed logs hold is the shipped script, apart from one newline at the end.",
    "A log is written by the script itself: equal text does not prove that nothing else ran.", check_code_embedded};

}  // namespace pg::verify

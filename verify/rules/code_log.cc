#include "verify/rules/code_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "reference/base/text.h"
#include "verify/rules/code_unlogged.h"
#include "verify/rules/printable.h"
#include "verify/rules/results.h"
#include "verify/submission/reach.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CODE-LOG";
// So many names that the code lacks, on lines behind training, are another script and not an edited message.
constexpr std::size_t kOtherScript = 5;
constexpr std::size_t kMaxEvidence = 12;

// A line behind training whose name the code cannot have printed.
struct ForeignLine {
  const SubmittedRun* run = nullptr;
  std::uint32_t line = 0;
  std::string text, name;
  std::vector<std::string> words;
  bool is_claim = false;    // carries the claimed score, and no line with a known name repeats that
  bool is_feature = false;  // a foreign word is the name of an evaluation technique
  bool is_dynamic = false;  // an f-string of the code fits: the name may be a value from outside
};

// What submissions call the techniques that move a score between the end of training and the claim.
bool names_technique(std::string_view word) {
  for (const std::string_view technique :
       {"ngram", "gram", "cache",   "ttt",   "slot", "ppm", "mixer",   "hedge",  "backoff", "knn",   "tilt",
        "lora",  "gptq", "hessian", "calib", "swa",  "ema", "prefill", "oracle", "sliding", "expert"})
    if (word == technique || (technique.size() > 3 && word.find(technique) != std::string_view::npos)) return true;
  return false;
}

// An identifier with its value attached ("ngram_cache:enabled", "gptq:calibrated") or a counter ("ttt_chunk [1/9]"):
// the form scripts print in. Words of prose, dates and what libraries say look otherwise.
bool is_script_form(const LineBeginning& b) {
  if (b.name.find_first_of("./") != std::string::npos) return false;
  const std::string_view rest = std::string_view(b.text).substr(std::min(b.name.size(), b.text.size()));
  std::string_view name = b.name;
  while (name.ends_with(' ')) name.remove_suffix(1);
  if (name.find(' ') != std::string_view::npos || rest.size() < 2) return false;
  return rest[0] == '[' || rest[0] == '=' ||
         (rest[0] == ':' && (rest[1] != ' ' || name.find('_') != std::string::npos));
}

// The line behind which training is over; 0 where the log has no training.
std::uint32_t end_of_training(const LogRun& log) {
  std::uint32_t line = log.stop_train_time_ms.line;
  for (const auto& step : {log.last_step, log.last_val_step})
    if (step) line = std::max(line, step->line);
  return line;
}

std::optional<double> score_in(const LogRun& log, std::uint32_t line) {
  for (const MetricLine& m : log.metrics)
    if (m.line == line) return m.val_bpb.value;
  for (const ScoreMention& m : log.mentions)
    if (m.line == line) return m.val_bpb.value;
  return std::nullopt;
}

class Comparison {
 public:
  Comparison(const Submission& s, const Printable& code) : s_(s), code_(code) {}

  void add(const SubmittedRun& run) {
    const LogRun& log = s_.last_run(run);
    const std::uint32_t start = end_of_training(log);
    for (const LineBeginning& b : log.beginnings) {
      const bool behind = b.line > start && (log.metric_line == 0 || b.line <= log.metric_line);
      if (!behind) continue;
      const auto score = score_in(log, b.line);
      if (!score && (start == 0 || !is_script_form(b))) continue;
      ForeignLine line{&run, b.line, b.text, b.name, code_.foreign_words(b.name, log), false, false, false};
      // The run's own log holds the source that printed it: PG-CODE-EMBEDDED compares that with the folder.
      if (line.words.empty() || embedded(log, line.words)) continue;
      line.is_claim = score && b.line == log.metric_line && !repeated(log, *score, b.line);
      line.is_feature = std::any_of(line.words.begin(), line.words.end(), names_technique);
      line.is_dynamic = code_.fits_template(b.text);
      lines_.push_back(std::move(line));
    }
  }

  const std::vector<ForeignLine>& lines() const { return lines_; }

 private:
  static bool embedded(const LogRun& log, const std::vector<std::string>& words) {
    if (!log.source) return false;
    return std::all_of(words.begin(), words.end(),
                       [&](const std::string& word) { return contains_ignore_case(log.source->text, word); });
  }

  // A wrapper that prints the result once more proves nothing.
  bool repeated(const LogRun& log, double score, std::uint32_t line) const {
    for (const MetricLine& m : log.metrics)
      if (m.line != line && std::abs(m.val_bpb.value - score) < 1e-4 && code_.foreign_words(m.name, log).empty())
        return true;
    return false;
  }

  const Submission& s_;
  const Printable& code_;
  std::vector<ForeignLine> lines_;
};

// Whether every claimed run counted the very bytes of the entry script: then that script ran, and something around it
// printed the rest.
bool sizes_agree(const Submission& s, const CodeFile& entry) {
  bool any = false;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const auto bytes = plain_code_bytes(s.last_run(*run));
    if (!bytes) continue;
    any = true;
    if (*bytes != static_cast<std::int64_t>(entry.bytes)) return false;
  }
  return any;
}

std::string counted_text(const Submission& s, const CodeFile& entry) {
  for (const SubmittedRun* run : claimed_runs(s)) {
    const auto bytes = plain_code_bytes(s.last_run(*run));
    if (bytes && *bytes != static_cast<std::int64_t>(entry.bytes))
      return fmt::format("; the log counts {} bytes of code, {} has {}", with_commas(*bytes), entry.path,
                         with_commas(static_cast<std::int64_t>(entry.bytes)));
  }
  return "";
}

RuleResult judge(const Submission& s, const CodeFile& entry, const Printable& code,
                 const std::vector<ForeignLine>& lines) {
  std::set<std::string> names, words;
  std::set<const SubmittedRun*> runs;
  bool telling = false, dynamic = true;
  for (const ForeignLine& line : lines) {
    names.insert(line.name);
    runs.insert(line.run);
    words.insert(line.words.begin(), line.words.end());
    telling = telling || ((line.is_claim || line.is_feature) && !line.is_dynamic);
    dynamic = dynamic && line.is_dynamic;
  }
  const bool same_script = sizes_agree(s, entry);
  const std::string hole = code.hole();
  const bool certain = (telling || (names.size() >= kOtherScript && !dynamic)) && hole.empty() && !same_script;
  std::vector<std::string> shown(words.begin(), words.end());
  if (shown.size() > 6) shown.resize(6);
  auto r = failed(
      kId, certain ? Severity::error : Severity::warning,
      fmt::format("{}: between training and the claimed score stand {} that no code in the folder can have printed: {} "
                  "nowhere in it{}{}",
                  runs_name(s, {runs.begin(), runs.end()}),
                  names.size() == 1 ? "lines of a kind" : fmt::format("lines of {} kinds", names.size()),
                  fmt::format("\"{}\" {}", fmt::join(shown, "\", \""), words.size() == 1 ? "stands" : "stand"),
                  counted_text(s, entry),
                  !hole.empty() ? fmt::format("; it may come from elsewhere: {}", hole)
                  : same_script ? "; the counted code bytes agree, so something around the script may print"
                                : ""),
      "Ship the script that ran, with everything it imports, or rerun the one that is shipped.");
  r.observed = fmt::format(
      "{} of {} such lines carry the claimed score or name an evaluation technique",
      std::count_if(lines.begin(), lines.end(), [](const ForeignLine& l) { return l.is_claim || l.is_feature; }),
      lines.size());
  r.required = "every line of the run comes from the code that is shipped";
  for (const ForeignLine& line : lines)
    if (r.evidence.size() < kMaxEvidence) r.evidence.push_back(log_evidence(s, *line.run, line.line, line.text));
  r.evidence.push_back({entry.path, 0, fmt::format("\"{}\" not found", fmt::join(shown, "\", \"")), 0});
  return r;
}

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  const CodeFile* entry = entry_script(s);
  if (entry == nullptr) return {not_applicable(kId, "skipped: no script in the folder (PG-FILES-REQUIRED)")};
  if (claimed_runs(s).empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  if (!entry->opaque.empty()) return {not_applicable(kId, "skipped: the script could not be read (PG-CODE-OPAQUE)")};
  const Printable code(s);
  Comparison comparison(s, code);
  for (const SubmittedRun* run : claimed_runs(s)) comparison.add(*run);
  std::vector<RuleResult> results = find_unlogged_lines(s);
  if (!comparison.lines().empty()) results.insert(results.begin(), judge(s, *entry, code, comparison.lines()));
  return or_passed(
      std::move(results),
      passed(kId, "the names on the lines between training and the claimed score stand in the code, and the reverse"));
}

}  // namespace

const Rule kRuleCodeLog{kId, "code that made the log",
                        "What the claimed runs print behind training has names that stand in the code of the folder.",
                        "Words that stand in the code do not prove that this code printed them.", check};

}  // namespace pg::verify

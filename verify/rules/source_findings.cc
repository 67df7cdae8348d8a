#include "verify/rules/source_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "reference/base/file.h"
#include "reference/base/text.h"
#include "verify/source/flow_claim.h"
#include "verify/source/flow_data.h"
#include "verify/source/flow_late.h"
#include "verify/source/flow_passes.h"
#include "verify/source/flow_scoring.h"
#include "verify/source/flow_smear.h"

namespace pg::verify {
namespace {

using py::Finding;
constexpr std::uint64_t kMaxPythonBytes = 1u << 20;
constexpr std::uint64_t kMaxScriptBytes = 256u << 10;
constexpr double kClaimedWithin = .01;  // bpb; seeds differ by a tenth of it

bool ends_with(std::string_view s, std::string_view end) {
  return s.size() >= end.size() && s.substr(s.size() - end.size()) == end;
}

std::size_t fingerprint(const Submission& s) {
  std::size_t h = std::hash<std::string>{}(s.name) ^ static_cast<std::size_t>(s.entry + 1);
  const auto mix = [&](std::size_t v) { h = h * 1099511628211ull + v; };
  mix(reinterpret_cast<std::size_t>(s.code.data()));
  mix(s.id);
  if (s.id != 0) return h;
  for (const CodeFile& c : s.code)
    mix(reinterpret_cast<std::size_t>(c.source.data())), mix(std::hash<std::string>{}(c.source)),
        mix(std::hash<std::string>{}(c.path));
  for (const SubmittedRun& run : s.runs) {
    mix(static_cast<std::size_t>(run.role));
    mix(std::hash<std::string>{}(s.last_run(run).metric_name));
    for (const auto& [name, value] : s.last_run(run).hyperparameters)
      mix(std::hash<std::string>{}(name) + std::hash<std::string>{}(value.value.value_or("")));
  }
  mix(std::hash<std::string>{}(s.readme_text));
  mix(std::hash<std::string>{}(s.folder.root.string()));
  return h;
}

void read_settings(const Submission& s, py::Settings& settings) {
  for (const SubmittedRun* run : claimed_runs(s)) {
    settings.add_log(s.logs[run->log].path, s.last_run(*run).hyperparameters);
    const LogRun& training = training_of(s, *run);
    if (&training != &s.last_run(*run))
      settings.add_log(s.logs[training_run(s, *run).log].path, training.hyperparameters);
  }
  settings.add_command_text(s.readme, s.readme_text);
  for (const FileEntry& file : s.folder.files) {
    if (!ends_with(file.path, ".sh") || file.bytes > kMaxScriptBytes) continue;
    const auto text = read_file(s.folder.root / file.path, kMaxScriptBytes);
    if (text) settings.add_command_text(file.path, *text);
  }
}

void read_python(const Submission& s, const CodeFile& code, bool entry, SourceReading& reading) {
  if (!code.opaque.empty() || code.source.empty() || code.source.size() > kMaxPythonBytes) return;
  SourceReading::File file;
  file.code = &code;
  file.entry = entry;
  py::RunLines lines;
  for (const SubmittedRun* run : claimed_runs(s)) {
    const LogRun& log = s.last_run(*run);
    // A line whose score is not near the claimed one is not where the claim comes from.
    const bool agrees = log.val_bpb && (!s.metadata.val_bpb ||
                                        std::abs(log.val_bpb->value - s.metadata.val_bpb->value) < kClaimedWithin);
    for (const MetricLine& line : log.metrics) {
      if (lines.printed.size() < 32) lines.printed.push_back(line.text);
      if (agrees && line.line == log.metric_line && lines.claimed.size() < 8) lines.claimed.push_back(line.text);
    }
  }
  file.flow = std::make_unique<py::Flow>(code.source, reading.settings, entry, std::move(lines));
  const py::Module& m = file.flow->module();
  reading.partly |= m.confidence < 1;
  if (entry && m.gave_up) reading.unread = "its syntax tree could not be built";
  const auto add = [&](std::vector<Finding> found) {
    for (Finding& f : found) file.findings.push_back(std::move(f));
  };
  add(py::find_order_violations(*file.flow));
  add(py::find_scoring_violations(*file.flow));
  add(py::find_second_passes(*file.flow));
  add(py::find_changed_data(*file.flow));
  add(py::find_unmasked_smear(*file.flow));
  py::relate_to_claim(*file.flow, file.findings);
  add(py::find_late_training_data(*file.flow));
  add(py::find_network(*file.flow));
  std::string metric;
  for (const SubmittedRun* run : claimed_runs(s)) metric = s.last_run(*run).metric_name;
  if (metric.find(' ') == std::string::npos) add(py::find_rescoring(*file.flow, metric));
  for (py::ExprId e = 0; e < m.exprs.size(); ++e) {  // kernels in strings
    if (m.expr(e).kind != py::ExprKind::string || m.expr(e).end - m.expr(e).begin < 400) continue;
    const std::string_view text = m.text(e);
    if (text.find("for") == std::string_view::npos || text.find('{') == std::string_view::npos) continue;
    auto body = text.substr(std::min<std::size_t>(text.size(), text.find_first_of("\"'") + 1));
    while (!body.empty() && (body[0] == '"' || body[0] == '\'')) body.remove_prefix(1);
    auto gates = find_target_gates(body);
    if (!gates.empty()) reading.kernels.push_back({&code, std::move(gates), m.expr(e).line});
  }
  reading.files.push_back(std::move(file));
}

std::unique_ptr<SourceReading> read_source(const Submission& s) {
  auto reading = std::make_unique<SourceReading>();
  if (s.entry < 0) {
    reading->unread = "there is no script that the claim ran";
    return reading;
  }
  const CodeFile& entry = s.code[static_cast<std::size_t>(s.entry)];
  if (!entry.opaque.empty()) reading->unread = entry.opaque;
  if (entry.source.size() > kMaxPythonBytes) reading->unread = "it is larger than 1 MiB";
  read_settings(s, reading->settings);
  read_python(s, entry, true, *reading);
  for (const CodeFile& code : s.code) {
    if (&code == &entry || std::find(s.reachable.begin(), s.reachable.end(), code.path) == s.reachable.end()) continue;
    if (ends_with(code.path, ".py")) {
      read_python(s, code, false, *reading);
    } else if (auto gates = find_target_gates(code.source); !gates.empty()) {
      reading->kernels.push_back({&code, std::move(gates), 1});
    }
  }
  return reading;
}

std::string_view line_of(std::string_view source, std::uint64_t offset) {
  if (offset >= source.size()) return {};
  std::uint64_t first = offset, last = offset;
  while (first > 0 && source[first - 1] != '\n' && offset - first < 200) --first;
  while (last < source.size() && source[last] != '\n' && last - first < 160) ++last;
  std::string_view line = source.substr(first, last - first);
  while (!line.empty() && (line[0] == ' ' || line[0] == '\t')) line.remove_prefix(1);
  return line;
}

void add_trace(const SourceReading::File& file, const Finding& f, RuleResult& r) {
  const py::Module& m = file.flow->module();
  for (const py::TraceStep& step : f.trace) {
    const bool expr = step.expr != py::kNone;
    if (!expr && step.stmt == py::kNone) continue;
    const std::uint32_t line = expr ? m.expr(step.expr).line : m.stmt(step.stmt).line;
    const std::uint64_t begin = expr ? m.expr(step.expr).begin : m.stmt(step.stmt).begin;
    r.evidence.push_back(source_evidence(*file.code, line, begin, step.what));
  }
}

}  // namespace

Evidence source_evidence(const CodeFile& code, std::uint32_t decoded_line, std::uint64_t offset,
                         std::string_view what) {
  Evidence e;
  e.file = code.path;
  const bool packed = !code.packed.empty();
  e.line = packed ? code.shipped_position(offset).line : decoded_line;
  e.decoded_line = packed ? decoded_line : 0;
  e.text = fmt::format("{}: {}", what, line_of(code.source, offset));
  return e;
}

const SourceReading& source_reading(const Submission& s) {
  thread_local const Submission* of = nullptr;
  thread_local std::size_t print = 0;
  thread_local std::unique_ptr<SourceReading> reading;
  const std::size_t now = fingerprint(s);
  if (!reading || of != &s || print != now) {
    reading = read_source(s);
    of = &s;
    print = now;
  }
  return *reading;
}

namespace {

// What would change the verdict on a finding of this kind.
std::string_view would_change(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::adapt_then_score:
    case Finding::Kind::calibrate_on_val:
    case Finding::Kind::previous_chunk:
    case Finding::Kind::throw_away:
    case Finding::Kind::per_sample:
      return "Another verdict would follow from: a log or a setting that shows this code did not run, the learned "
             "values not reaching the score, or each token being scored before it is learned from.";
    case Finding::Kind::epochs_of_scoring:
    case Finding::Kind::rescored:
    case Finding::Kind::best_of_passes:
    case Finding::Kind::rescored_stored:
      return "Another verdict would follow from: the claimed score being the one of the first pass, or the weights "
             "being restored in between.";
    case Finding::Kind::blend_at_gold:
    case Finding::Kind::choice_by_outcome:
      return "Another verdict would follow from: the table being asked for the whole vocabulary and normalised, or "
             "this value not entering the claimed score.";
    case Finding::Kind::payload_answers:
      return "Another verdict would follow from: the file not being part of the submission.";
    case Finding::Kind::late_training_data:
      return "Another verdict would follow from: a log that shows the training limit was not used up before it.";
    case Finding::Kind::late_network:
    case Finding::Kind::network_used:
      return "Another verdict would follow from: a run without a network that gives the same score.";
    case Finding::Kind::targets_altered:
    case Finding::Kind::subset_scored:
    case Finding::Kind::subset_beside:
      return "Another verdict would follow from: a log with the full count of scored tokens, or no id above the bound.";
    case Finding::Kind::smear_across_documents:
      return "Another verdict would follow from: the gate being zero where a document begins.";
  }
  return "";
}

}  // namespace

RuleResult nothing_found(std::string_view id, const Submission& s) {
  const SourceReading& reading = source_reading(s);
  if (!reading.unread.empty())
    return inconclusive(id, Severity::warning,
                        fmt::format("the source could not be read: {}", escape_line(reading.unread)),
                        "Ship the script as readable source, or packed in one of the known ways.");
  return inconclusive(id, Severity::info,
                      reading.partly ? "no violation found by reading, but parts of the source could not be parsed"
                                     : "no violation found by reading; only an experiment can show that there is none",
                      "Nothing to mend; a probe of the running evaluation would decide it.");
}

std::vector<RuleResult> judge_source(std::string_view id, const Submission& s,
                                     const std::vector<SourceVerdict>& kinds) {
  std::vector<RuleResult> results;
  const SourceReading& reading = source_reading(s);
  // Nothing is claimed, so nothing says which of the script's ways was gone: what it may do is not what was done.
  const auto runs = claimed_runs(s);
  const bool claims =
      s.metadata.val_bpb || (s.metadata.path.empty() && !s.readme_scores.empty()) ||
      std::ranges::any_of(runs, [&](const SubmittedRun* run) { return s.last_run(*run).val_bpb.has_value(); });
  for (const SourceVerdict& verdict : kinds) {
    for (const bool beside : {false, true}) {
      RuleResult r = failed(id, verdict.fails && !beside && claims ? Severity::error : Severity::warning,
                            verdict.message, verdict.help);
      if (beside) r.message = "beside the claim, in an evaluation that another line reports: " + r.message;
      if (!claims) r.message += "; the folder claims no score, so whether this ran is not known";
      double confidence = 0;
      for (const SourceReading::File& file : reading.files) {
        for (const Finding& f : file.findings) {
          if (f.kind != verdict.kind || f.beside_claim != beside) continue;
          confidence = std::max(confidence, f.confidence * std::max(.5, file.flow->module().confidence));
          if (r.evidence.size() < 24) add_trace(file, f, r);
        }
      }
      if (r.evidence.empty()) continue;
      r.observed = fmt::format("read from the source, confidence {:.2f}", confidence);
      r.help += ' ';
      r.help += would_change(verdict.kind);
      results.push_back(std::move(r));
    }
  }
  if (results.empty()) results.push_back(nothing_found(id, s));
  return results;
}

}  // namespace pg::verify

#include "verify/report/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "reference/base/text.h"
#include "verify/report/canonical.h"
#include "verify/report/statistics.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxEvidence = 50;       // per result; the rest is counted
constexpr std::size_t kMaxEvidenceText = 500;  // code points

json number(const std::optional<Decimal>& value) {
  return value ? json(value->value) : json();
}
json text_or_null(const std::string& text) {
  return text.empty() ? json() : json(text);
}
json line_or_null(std::uint32_t line) {
  return line == 0 ? json() : json(line);
}

template <class T>
json number(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

// To 10 places: means and deviations over printed decimals say no more, and the last bits of a double say less.
json rounded(const std::optional<double>& value) {
  if (!value) return nullptr;
  const std::string text = fmt::format("{:.10f}", *value);
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

json files_json(const FolderListing& folder) {
  json files = json::array();
  for (const FileEntry& file : folder.files)
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", text_or_null(file.sha256)}});
  return files;
}

json seed_claims_json(const std::vector<SeedClaim>& claims) {
  json out = json::array();
  for (const SeedClaim& claim : claims)
    out.push_back({{"seed", claim.seed},
                   {"line", line_or_null(claim.line)},
                   {"val_bpb", number(claim.val_bpb.value)},
                   {"val_loss", number(claim.val_loss.value)},
                   {"bytes_total", number(claim.bytes_total.value)},
                   {"steps", number(claim.steps.value)},
                   {"train_time_ms", number(claim.train_time_ms.value)},
                   {"eval_time_ms", number(claim.eval_time_ms.value)}});
  return out;
}

const char* kind_name(MetadataDeviation::Kind kind) {
  using Kind = MetadataDeviation::Kind;
  switch (kind) {
    case Kind::unreadable:
      return "unreadable";
    case Kind::synonym:
      return "synonym";
    case Kind::wrong_type:
      return "wrong_type";
    case Kind::blank:
      return "blank";
    case Kind::missing:
      return "missing";
    case Kind::null_value:
      return "null_value";
    case Kind::duplicate_key:
      return "duplicate_key";
    case Kind::inconsistent:
      return "inconsistent";
    case Kind::odd_name:
      return "odd_name";
  }
  return "inconsistent";
}

json claimed_json(const Metadata& m) {
  json out = {{"source", text_or_null(m.path)},
              {"parse_error", text_or_null(m.parse_error)},
              {"name", number(m.name.value)},
              {"author", number(m.author.value)},
              {"github_id", number(m.github_id.value)},
              {"date", number(m.date.value)},
              {"track", number(m.track.value)},
              {"val_bpb", number(m.val_bpb.value)},
              {"val_bpb_key", m.val_bpb ? json(m.val_bpb.key) : json()},
              {"val_bpb_line", line_or_null(m.val_bpb.line)},
              {"val_loss", number(m.val_loss.value)},
              {"val_bpb_std", number(m.val_bpb_std.value)},
              {"val_loss_std", number(m.val_loss_std.value)},
              {"pre_quant_val_bpb", number(m.pre_quant_val_bpb.value)},
              {"bytes_total", number(m.bytes_total.value)},
              {"bytes_total_key", m.bytes_total ? json(m.bytes_total.key) : json()},
              {"bytes_total_line", line_or_null(m.bytes_total.line)},
              {"bytes_code", number(m.bytes_code.value)},
              {"bytes_model", number(m.bytes_model.value)},
              {"bytes_total_mean", number(m.bytes_total_mean.value)},
              {"bytes_total_max", number(m.bytes_total_max.value)},
              {"p_value", number(m.p_value.value)},
              {"p_value_text", number(m.p_value_text.value)},
              {"train_time_ms", number(m.train_time_ms.value)},
              {"eval_time_ms", number(m.eval_time_ms.value)},
              {"steps", number(m.steps.value)},
              {"n_seeds", number(m.n_seeds.value)},
              {"seeds", m.seeds.empty() ? json() : json(m.seeds)},
              {"per_seed", seed_claims_json(m.per_seed)},
              {"disclosed", seed_claims_json(m.disclosed)},
              {"disclosed_key", text_or_null(m.disclosed_key)},
              {"unknown_keys", m.unknown_keys}};
  json& compliance = out["compliance"] = json::array();  // names are the author's: data, not keys of this format
  for (const auto& [name, value] : m.compliance) compliance.push_back({{"name", name}, {"value", value}});
  json& deviations = out["deviations"] = json::array();
  for (const MetadataDeviation& d : m.deviations)
    deviations.push_back({{"kind", kind_name(d.kind)},
                          {"key", text_or_null(d.key)},
                          {"line", line_or_null(d.line)},
                          {"message", d.message}});
  return out;
}

template <class T>
void put_logged(json& out, const std::string& name, const std::string& line_name, const Logged<T>& value) {
  out[name] = number(value.value);
  out[line_name] = value ? line_or_null(value.line) : json();
}

json run_json(const Submission& submission, const SubmittedRun& submitted) {
  static const LogRun kNoRun;
  const LogFile& log = submission.logs[submitted.log];
  const LogRun& run = log.runs.empty() ? kNoRun : log.runs.back();
  json out = {{"log", log.path},
              {"role", role_name(submitted.role)},
              {"role_reason", submitted.role_reason},
              {"seed", number(submitted.seed)},
              {"seed_line", run.seed ? line_or_null(run.seed.line) : json()},
              {"seed_in_name", number(submitted.seed_in_name)},
              {"metric", text_or_null(run.metric_name)},
              {"metric_line", line_or_null(run.metric_line)},
              {"val_bpb", number(run.val_bpb)},
              {"val_loss", number(run.val_loss)},
              {"eval_time_ms", number(run.eval_time_ms)},
              {"runs_in_log", log.runs.size()},
              {"source_sha256", run.source ? text_or_null(run.source->sha256) : json()},
              {"source_bytes", run.source ? json(run.source->bytes) : json()}};
  put_logged(out, "train_time_ms", "train_time_line", run.train_time_ms);
  put_logged(out, "steps", "steps_line", run.steps);
  put_logged(out, "bytes_total", "bytes_total_line", run.bytes_total);
  put_logged(out, "bytes_model", "bytes_model_line", run.bytes_model);
  put_logged(out, "bytes_code", "bytes_code_line", run.bytes_code);
  put_logged(out, "world_size", "world_size_line", run.world_size);
  put_logged(out, "val_tokens", "val_tokens_line", run.val_tokens);
  put_logged(out, "model_params", "model_params_line", run.model_params);
  put_logged(out, "torch", "torch_line", run.torch);
  put_logged(out, "gpu", "gpu_line", run.gpu);
  return out;
}

json code_json(const Submission& submission) {
  json out = json::array();
  for (std::size_t i = 0; i < submission.code.size(); ++i) {
    const CodeFile& file = submission.code[i];
    json layers = json::array();
    for (const CodeLayer& layer : file.layers)
      layers.push_back({{"codec", layer.codec},
                        {"line", line_or_null(layer.literal.line)},
                        {"packed_bytes", layer.packed_bytes},
                        {"decoded_bytes", layer.decoded_bytes}});
    const auto& reached = submission.reachable;
    out.push_back({{"path", file.path},
                   {"bytes", file.bytes},
                   {"sha256", text_or_null(file.sha256)},
                   {"packed", text_or_null(file.packed)},
                   {"decoded_bytes", file.decoded_bytes},
                   {"layers", std::move(layers)},
                   {"opaque", text_or_null(file.opaque)},
                   {"entry", static_cast<int>(i) == submission.entry},
                   {"reachable", std::find(reached.begin(), reached.end(), file.path) != reached.end()}});
  }
  return out;
}

json submission_json(const Report& report) {
  const Submission& submission = report.submission;
  json runs = json::array();
  for (const SubmittedRun& run : submission.runs) runs.push_back(run_json(submission, run));
  const auto& r = submission.recomputed;
  const SizeTable sizes = size_table(submission);
  const auto bytes = [](const std::optional<SizeReading>& size) { return size ? json(size->bytes) : json(nullptr); };
  return {{"claimed", claimed_json(submission.metadata)},
          {"runs", std::move(runs)},
          {"recomputed",
           {{"n", r.n},
            {"mean_bpb", rounded(r.mean_bpb)},
            {"std_bpb", rounded(r.std_bpb)},
            {"population_std_bpb", rounded(r.population_std_bpb)},
            {"mean_loss", rounded(r.mean_loss)},
            {"min_bpb", rounded(r.min_bpb)},
            {"max_bpb", rounded(r.max_bpb)}}},
          {"code", code_json(submission)},
          {"reachable", submission.reachable},
          {"sizes",
           {{"as_logged", bytes(sizes.as_logged)},
            {"as_shipped", bytes(sizes.as_shipped)},
            {"as_packed", bytes(sizes.as_packed)},
            {"reachable", bytes(sizes.reachable)},
            {"limit", report.policy.limit_bytes},
            {"decided_by", to_string(report.policy.size_convention)}}}};
}

std::string shortened(const std::string& text) {
  const std::string utf8 = to_utf8(text.size() > 4 * kMaxEvidenceText ? text.substr(0, 4 * kMaxEvidenceText) : text);
  std::size_t points = 0, i = 0;
  for (; i < utf8.size(); ++i)
    if ((utf8[i] & 0xC0) != 0x80 && points++ == kMaxEvidenceText) break;
  return i == utf8.size() && text.size() <= 4 * kMaxEvidenceText ? utf8 : utf8.substr(0, i) + "...";
}

json rule_json(const RuleResult& result) {
  json evidence = json::array();
  for (std::size_t i = 0; i < std::min(result.evidence.size(), kMaxEvidence); ++i) {
    const Evidence& e = result.evidence[i];
    evidence.push_back({{"file", e.file},
                        {"line", line_or_null(e.line)},
                        {"text", shortened(e.text)},
                        {"decoded_line", line_or_null(e.decoded_line)}});
  }
  return {{"id", result.id},
          {"verdict", to_string(result.verdict)},
          {"severity", to_string(result.severity)},
          {"observed", text_or_null(result.observed)},
          {"required", text_or_null(result.required)},
          {"margin", text_or_null(result.margin)},
          {"message", result.message},
          {"evidence", std::move(evidence)},
          {"evidence_omitted", result.evidence.size() - std::min(result.evidence.size(), kMaxEvidence)},
          {"help", text_or_null(result.help)}};
}

}  // namespace

json report_value(const Report& report) {
  const Submission& submission = report.submission;
  json rules = json::array();
  for (const RuleResult& result : report.results) rules.push_back(rule_json(result));
  return {{"schema", "pgverify/report/v1"},
          {"subject",
           {{"name", submission.name},
            {"track", text_or_null(submission.track)},
            {"files", files_json(submission.folder)},
            {"problems", submission.folder.problems}}},
          {"policy", {{"name", report.policy.name}, {"digest", report.policy.digest}}},
          {"verdict", to_string(report.verdict)},
          {"error", text_or_null(report.error)},
          {"submission", report.error.empty() ? submission_json(report) : json()},
          {"rules", std::move(rules)},
          {"statistics", statistics_json(report)},
          {"run",
           {{"time", report.run.time},
            {"host", report.run.host},
            {"folder", report.run.folder},
            {"duration_ms", report.run.duration_ms},
            {"tool", "pgverify"},
            {"version", PG_VERSION}}}};
}

std::string report_json(const Report& report) {
  return canonical_json(report_value(report));
}

}  // namespace pg::verify

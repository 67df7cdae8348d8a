#include "verify/report/sample_reports.h"

#include <fmt/format.h>

#include <limits>

namespace pg::verify {
namespace {

constexpr const char* kDigest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

template <class T, class V>
void claim(Claimed<T>& field, V value, std::string key, std::uint32_t line) {
  field.value = T(std::move(value));
  field.key = std::move(key);
  field.line = line;
}

template <class T>
void log(Logged<T>& field, T value, std::uint32_t line) {
  field.value = std::move(value);
  field.line = line;
}

struct SeedRun {
  std::int64_t seed, train_ms, eval_ms, model_bytes;
  const char *bpb, *loss;
};

void add_run(Submission& s, const SeedRun& r) {
  LogRun run;
  log(run.seed, r.seed, 12);
  log(run.world_size, std::int64_t{8}, 14);
  log(run.val_tokens, std::int64_t{40540160}, 20);
  log(run.train_time_ms, r.train_ms, 160);
  log(run.steps, std::int64_t{4962}, 160);
  log(run.bytes_model, r.model_bytes, 164);
  log(run.bytes_code, std::int64_t{16594}, 163);
  log(run.bytes_total, r.model_bytes + 16594, 165);
  run.metric_name = "quantized_ttt";
  run.metric_line = 171;
  run.val_bpb = parse_decimal(r.bpb);
  run.val_loss = parse_decimal(r.loss);
  run.eval_time_ms = r.eval_ms;
  for (const std::int64_t step : {1, 500, 1000, 2000, 3000, 4000, 4962}) {
    const double loss = 2.7 + 900.0 / static_cast<double>(step + 220);
    run.train_loss_curve.add(step, loss);
    if (step >= 2000) run.val_loss_curve.add(step, loss + 0.02);
  }
  run.phases.push_back({PhaseLine::Phase::calibration, 161, "GPTQ Hessian collection", 9.8, false});
  LogFile file;
  file.path = fmt::format("train_seed{}.log", r.seed);
  file.runs.push_back(run);
  s.folder.files.push_back({file.path, 51'200, kDigest});
  s.logs.push_back(std::move(file));
  s.runs.push_back({Role::claim, "prints the claimed evaluation", s.logs.size() - 1, r.seed, r.seed});
}

RuleResult passed(const char* id) {
  RuleResult r;
  r.id = id;
  r.message = "in order";
  return r;
}

RuleResult finding(const char* id, Verdict verdict, Severity severity, std::string message) {
  RuleResult r = passed(id);
  r.verdict = verdict;
  r.severity = severity;
  r.message = std::move(message);
  return r;
}

Report base() {
  Report report;
  report.policy.name = "practice-2026-04";
  report.policy.digest = kDigest;
  report.run = {"2026-05-02T12:00:00Z", "host", "records/2026-04-09_Sample", 12.5};
  return report;
}

}  // namespace

Report clean_report() {
  Report report = base();
  report.verdict = Verdict::pass;
  Submission& s = report.submission;
  s.name = "2026-04-09_Sample";
  s.track = "10min_16mb";
  add_run(s, {42, 588051, 368074, 15'970'953, "1.08103103", "2.79241542"});
  add_run(s, {314, 588037, 367811, 15'970'131, "1.08091155", "2.79210677"});
  add_run(s, {999, 588102, 368002, 15'969'876, "1.08106024", "2.79249087"});
  s.folder.files.push_back({"train_gpt.py", 16594, kDigest});
  s.folder.files.push_back({"submission.json", 900, ""});
  Metadata& m = s.metadata;
  m.path = "submission.json";
  m.parsed = true;
  claim(m.name, "Sample", "name", 2);
  claim(m.val_bpb, *parse_decimal("1.0810"), "val_bpb", 5);
  claim(m.val_bpb_std, *parse_decimal("0.0001"), "val_bpb_std", 6);
  claim(m.bytes_total, std::int64_t{15'987'547}, "artifact_bytes_max", 9);
  m.seeds = {42, 314, 999};
  m.compliance["train_under_600s"] = true;
  m.deviations.push_back({MetadataDeviation::Kind::synonym, "artifact_bytes_max", 9, "read as bytes_total"});
  CodeFile code;
  code.path = "train_gpt.py";
  code.bytes = 16594;
  code.packed = "lzma+b85";
  code.decoded_bytes = 60321;
  code.layers.push_back({"lzma+b85", {58, 16500, 2, 12}, 16500, 60321});
  s.code.push_back(std::move(code));
  s.entry = 0;
  s.recomputed = {3, 1.08100094, 0.0000787859, 0.0000643284, 2.7923376866666, 1.08091155, 1.08106024};
  for (const char* id : {"PG-FILES-REQUIRED", "PG-META-KEYS", "PG-SIZE-CAP", "PG-TIME-TRAIN", "PG-TIME-EVAL",
                         "PG-CLAIM-BPB", "PG-SEEDS-COUNT", "PG-BYTES-RATIO", "PG-CODE-SIZE"})
    report.results.push_back(passed(id));
  report.results.push_back(finding("PG-DATA-EXPORT", Verdict::not_applicable, Severity::info, "no data is shipped"));
  report.results.push_back(
      finding("PG-CLAIM-STD", Verdict::fail, Severity::info, "the claimed deviation divides by n"));
  report.results.back().evidence.push_back({"submission.json", 6, "\"val_bpb_std\": 0.0001", 0});
  return report;
}

Report failing_report() {
  Report report = clean_report();
  report.verdict = Verdict::fail;
  Submission& s = report.submission;
  for (LogFile& file : s.logs) {
    *file.runs[0].bytes_total.value += 80'000;
    *file.runs[0].bytes_code.value += 80'000;
  }
  log(s.logs[1].runs[0].train_time_ms, std::int64_t{601'153}, 160);
  report.results.erase(report.results.begin() + 2);
  RuleResult size = finding("PG-SIZE-CAP", Verdict::fail, Severity::error,
                            "code and model take 16,067,547 bytes, the limit is 16,000,000");
  size.observed = "16,067,547 bytes";
  size.required = "at most 16,000,000 bytes";
  size.margin = "-67,547 bytes";
  for (int seed : {42, 314, 999, 7, 8})
    size.evidence.push_back(
        {fmt::format("train_seed{}.log", seed), 165, "Total submission size quantized+brotli: 16067547 bytes", 0});
  size.help = "shrink the model or the code, or submit to the non-record track";
  report.results.push_back(size);
  RuleResult opaque =
      finding("PG-CODE-OPAQUE", Verdict::inconclusive, Severity::error, "the script could not be reduced to source");
  opaque.evidence.push_back({"train_gpt.py", 2, "exec(decode(blob))", 7});
  report.results.push_back(opaque);
  RuleResult seeds = finding("PG-SEEDS-COUNT", Verdict::fail, Severity::warning, "two of three seeds are the same");
  seeds.help = "run another seed";
  report.results.push_back(seeds);
  for (int i = 0; i < 8; ++i)
    report.results.push_back(finding("PG-TIME-PHASES", Verdict::fail, Severity::info, fmt::format("phase {}", i)));
  return report;
}

Report hostile_report() {
  const std::string markup =
      "<script>alert(1)</script>\" onload='x' ](javascript:alert(1)) ![i](http://evil.example/x.png) @everyone #1 "
      "|cell| `tick` ``` $x$ :white_check_mark: www.evil.example &lt; <!-- {0} ::error file=a::b ##[error]c "
      "%0A::error::d ]]> ";
  const std::string evil = markup + "\x1b[31mred\x1b]0;title\x07 \xE2\x80\xAEoverride\r\n\xFF\xC0\x80 \xED\xA0\x80 " +
                           std::string(1, '\0') + "\"\\\x7f " + std::string(600, 'x') + "\xF0\x9F";
  Report report = failing_report();
  Submission& s = report.submission;
  s.name = evil;
  s.track = evil;
  s.folder.files.push_back({evil, 1, ""});
  s.folder.problems.push_back(evil);
  s.reachable.push_back(evil);
  s.runs[0].role_reason = evil;
  LogFile& file = s.logs[0];
  file.path = evil;
  LogRun& run = file.runs[0];
  run.metric_name = evil;
  log(run.gpu, evil, 3);
  log(run.bytes_total, std::numeric_limits<std::int64_t>::max(), 4);
  log(run.bytes_model, std::numeric_limits<std::int64_t>::max(), 4);
  log(run.train_time_ms, std::numeric_limits<std::int64_t>::max(), 4);
  run.val_bpb = Decimal{std::numeric_limits<double>::infinity(), "1e999"};
  Metadata& m = s.metadata;
  m.path = evil;
  claim(m.author, evil, evil, 1);
  claim(m.val_bpb, Decimal{std::numeric_limits<double>::quiet_NaN(), evil}, evil, 1);
  m.compliance[evil] = false;
  m.unknown_keys = {evil, "", std::string(1, '\0')};
  m.deviations.push_back({MetadataDeviation::Kind::wrong_type, evil, 1, evil});
  s.code[0].opaque = evil;
  s.recomputed.mean_bpb = std::numeric_limits<double>::infinity();
  RuleResult& result = report.results.back();
  result.message = result.observed = result.required = result.margin = result.help = evil;
  result.message += std::string(1 << 20, 'm');
  result.severity = Severity::error;
  for (int i = 0; i < 60; ++i) result.evidence.push_back({evil, 1, evil, 1});
  report.error.clear();
  return report;
}

Report unreadable_report() {
  Report report = base();
  report.submission.name = "locked";
  report.error = "cannot open locked: Permission denied";
  return report;
}

}  // namespace pg::verify

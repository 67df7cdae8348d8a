#include "verify/rules/bytes_accounting.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-BYTES-ACCOUNTING";

// UTF-8 bytes of the FineWeb validation text as the accounting of the published exports counts them. Every tokenizer
// sees the same text, so tokens x (val_loss / val_bpb) / ln 2 comes out alike: sp1024 151,080,9xx, sp4096 151,073,xxx,
// sp8192 151,078,xxx, CaseOps 151,074,xxx, bytes 151,08x,xxx (read off the merged logs; the rest is targets at sequence
// ends that an evaluation leaves out).
constexpr double kValidationBytes = 151'080'000;
// The first export (63,779,840 sp1024 tokens), used by the baseline of 2026-03-17 and by early runs.
constexpr double kFirstExportBytes = 155'768'000;
// Targets left out at the ends of long sequences (32k tokens: 0.04 %; a last shard cut to whole batches: 0.2 %) stay
// below, every known accounting error lies above.
constexpr double kTolerance = 0.005;

struct KnownError {
  double factor;  // counted bytes / true bytes
  double tolerance;
  std::string_view what;
};
constexpr std::array<KnownError, 3> kKnownErrors = {{
    {1.171, 0.008,
     "the leading space of a piece counted twice (in the byte table and in the loop) gives 1.167 to 1.175"},
    {1.0895, 0.004, "sentinel tokens counted as bytes (CaseOps without its side file) give 1.0895"},
    {1.0413, 0.003, "byte-fallback tokens counted by the length of their name give 1.041"},
}};

RuleResult wrong_bytes(const Submission& s, const SubmittedRun& run, double bytes) {
  const LogRun& log = s.last_run(run);
  const double factor = bytes / kValidationBytes;
  std::string message = fmt::format(
      "{}: {} tokens with val_loss {} and val_bpb {} imply {} bytes of text, {:+.2f} % against the validation set",
      run_name(s, run), with_commas(*log.val_tokens), log.val_loss->text, log.val_bpb->text,
      with_commas(static_cast<std::int64_t>(bytes)), (factor - 1) * 100);
  for (const KnownError& known : kKnownErrors)
    if (std::abs(factor - known.factor) <= known.tolerance) message += fmt::format("; {}", known.what);
  auto r = failed(kId, s.is_record_track() ? Severity::error : Severity::warning, std::move(message),
                  "Count UTF-8 bytes per token from the SentencePiece model (a leading space once, byte-fallback "
                  "tokens as one byte, control tokens as none), "
                  "over the whole published validation set.");
  r.observed = fmt::format("{} bytes", with_commas(static_cast<std::int64_t>(bytes)));
  r.required =
      fmt::format("{} bytes, within {} %", with_commas(static_cast<std::int64_t>(kValidationBytes)), kTolerance * 100);
  r.margin = fmt::format("{:+.2f} %; a score of {} with the right byte count would be {:.4f}", (factor - 1) * 100,
                         log.val_bpb->text, log.val_bpb->value * factor);
  r.evidence = {log_evidence(s, run, log.val_tokens.line, fmt::format("validation tokens {}", *log.val_tokens)),
                log_evidence(s, run, log.metric_line,
                             fmt::format("val_loss {} val_bpb {}", log.val_loss->text, log.val_bpb->text))};
  return r;
}

}  // namespace

std::vector<RuleResult> check_bytes_accounting(const Submission& s, const Policy&) {
  const auto runs = claimed_runs(s);
  if (runs.empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results;
  int checked = 0;
  for (const SubmittedRun* run : runs) {
    const LogRun& log = s.last_run(*run);
    if (!log.val_tokens || !log.val_loss || !log.val_bpb || log.val_bpb->value <= 0) continue;
    ++checked;
    const double bytes =
        static_cast<double>(*log.val_tokens) * log.val_loss->value / log.val_bpb->value / std::numbers::ln2;
    // What the printed decimals leave open.
    const double rounding =
        log.val_loss->half_unit() / std::max(log.val_loss->value, 1e-9) + log.val_bpb->half_unit() / log.val_bpb->value;
    const auto is = [&](double expected) { return std::abs(bytes / expected - 1) <= kTolerance + rounding; };
    if (!is(kValidationBytes) && !is(kFirstExportBytes)) results.push_back(wrong_bytes(s, *run, bytes));
  }
  if (checked == 0) return {not_applicable(kId, "no claimed run prints the validation token count with loss and bpb")};
  return or_passed(
      std::move(results),
      passed(kId, fmt::format("in {} claimed run{} tokens x loss / bpb gives the bytes of the published validation set",
                              checked, checked == 1 ? "" : "s")));
}

const Rule kRuleBytesAccounting{
    kId, "byte accounting",
    "Validation tokens, val_loss and val_bpb of a run together imply how many bytes were counted; that is the size of "
    "the published validation text.",
    "Errors in loss and bytes that cancel, and a right count over other text of the same size, are not seen.",
    check_bytes_accounting};

}  // namespace pg::verify

#include "verify/rules/c1_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-C1-KERNEL";

bool is_strength(std::string_view name) {
  for (const std::string_view word : {"beta", "boost", "weight", "alpha", "enabled", "lambda", "scale"})
    if (name.find(word) != std::string_view::npos) return true;
  return false;
}

// Whether the logs of the claimed runs give an expert ("within") any strength. Empty: they do not say.
std::optional<bool> active(const Submission& s, const std::string& expert, std::vector<Evidence>& evidence) {
  std::optional<bool> on;
  for (const SubmittedRun* run : claimed_runs(s)) {
    for (const auto& [name, value] : s.last_run(*run).hyperparameters) {
      if (!value || name.find(expert) == std::string::npos || !is_strength(name)) continue;
      const std::string& text = *value;
      const bool zero = text == "False" || text == "false" || text.find_first_not_of("0.+-e") == std::string::npos;
      on = on.value_or(false) || !zero;
      if (evidence.size() < 6) evidence.push_back(log_evidence(s, *run, value.line, fmt::format("{}: {}", name, text)));
    }
  }
  return on;
}

void add_gate(const SourceReading::Kernel& kernel, const TargetGate& gate, RuleResult& r) {
  const auto place = [&](std::uint32_t line, std::string what) {
    Evidence e;
    e.file = kernel.code->path;
    const std::uint32_t decoded = kernel.first_line + line - 1;
    e.line = kernel.code->packed.empty() ? decoded : 1;
    e.decoded_line = kernel.code->packed.empty() ? 0 : decoded;
    e.text = std::move(what);
    r.evidence.push_back(std::move(e));
  };
  place(gate.target_line, fmt::format("{} is the token at the position to be predicted", gate.target));
  place(gate.class_line, fmt::format("{} is its class, read from a table of the vocabulary", gate.cls));
  place(gate.use_line, fmt::format("{} depends on it before the hint for this position is written", gate.use));
}

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  const SourceReading& reading = source_reading(s);
  if (reading.kernels.empty()) return {nothing_found(kId, s)};
  RuleResult r =
      failed(kId, Severity::error, "", "Take the class from the token before, and update behind the output.");
  std::vector<Evidence> said;
  bool on = false, unknown = false;
  for (const SourceReading::Kernel& kernel : reading.kernels) {
    for (const TargetGate& gate : kernel.gates) {
      add_gate(kernel, gate, r);
      for (const std::string& expert : gate.experts) {
        const auto strength = active(s, expert, said);
        on |= strength.value_or(false);
        unknown |= !strength;
      }
    }
  }
  r.evidence.insert(r.evidence.end(), said.begin(), said.end());
  if (on) {
    r.message =
        "a kernel decides on its hint by the class of the token to be predicted, and the logs show that it was on";
    return {std::move(r)};
  }
  if (!unknown) {
    RuleResult off = nothing_found(kId, s);
    off.message =
        "a kernel has experts that see the class of the token to be predicted; the logs show them switched off";
    off.evidence = std::move(r.evidence);
    return {std::move(off)};
  }
  r.severity = Severity::warning;
  r.message = "a kernel decides on its hint by the class of the token to be predicted; no log says whether it was on";
  return {std::move(r)};
}

}  // namespace

const Rule kRuleC1Kernel{kId, "target class in a kernel",
                         "No C or C++ kernel lets the class of the token at a position decide on what it gives for "
                         "that position, unless the logs show that expert switched off.",
                         "Kernels are read as text: a gate in a called function or under other names is not seen.",
                         check};

}  // namespace pg::verify

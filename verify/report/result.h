#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pg::verify {

enum class Verdict { pass, fail, inconclusive, not_applicable };
enum class Severity { error, warning, info };

const char* to_string(Verdict verdict);
const char* to_string(Severity severity);

// A place that supports a finding. Text is as found; renderers escape it. For packed code `line` is in the shipped file
// and decoded_line in the decoded source.
struct Evidence {
  std::string file;
  std::uint32_t line = 0;  // 0: the file as a whole
  std::string text;
  std::uint32_t decoded_line = 0;
};

// What one rule found. A rule gives one passing result or one result per distinct cause.
struct RuleResult {
  std::string id;  // "PG-SIZE-CAP"
  Verdict verdict = Verdict::pass;
  Severity severity = Severity::error;
  std::string observed, required, margin;  // in words with units; may be empty
  std::string message;                     // one sentence, the cause first
  std::vector<Evidence> evidence;
  std::string help;  // how to fix it; empty on pass
};

}  // namespace pg::verify

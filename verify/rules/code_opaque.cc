#include "verify/rules/code_opaque.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "verify/rules/results.h"
#include "verify/submission/reach.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CODE-OPAQUE";

}  // namespace

std::vector<RuleResult> check_code_opaque(const Submission& s, const Policy&) {
  const CodeFile* entry = entry_script(s);
  if (entry == nullptr) return {not_applicable(kId, "skipped: no script in the folder (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results;
  for (const CodeFile& file : s.code) {
    const bool runs = &file == entry || std::binary_search(s.reachable.begin(), s.reachable.end(), file.path);
    if (!runs || file.opaque.empty()) continue;
    auto result =
        inconclusive(kId, Severity::warning,
                     fmt::format("{} cannot be reduced to source without running it: {}", file.path, file.opaque),
                     "Ship plain source, or pack it with base64/base85 and lzma, zlib, bz2, zstd or brotli.");
    result.observed = file.opaque;
    result.required = "source text";
    result.evidence.push_back({file.path, 1, file.opaque, 0});
    results.push_back(std::move(result));
  }
  std::string how = "plain source";
  if (!entry->packed.empty())
    how = fmt::format("{} unwrapped: {} bytes packed ({}), {} bytes of source", entry->path,
                      with_commas(static_cast<std::int64_t>(entry->bytes)), entry->packed,
                      with_commas(static_cast<std::int64_t>(entry->decoded_bytes)));
  auto pass = passed(kId, how);
  for (const CodeLayer& layer : entry->layers)
    pass.evidence.push_back(
        {entry->path, entry->layers.front().literal.line,
         fmt::format("{}: {} -> {} bytes", layer.codec, with_commas(static_cast<std::int64_t>(layer.packed_bytes)),
                     with_commas(static_cast<std::int64_t>(layer.decoded_bytes))),
         0});
  return or_passed(std::move(results), std::move(pass));
}

const Rule kRuleCodeOpaque{kId, "code that can be read",
                           "The code that ran can be read: plain, or packed in a way that opens without running it.",
                           "Readable is not the same as legal: the other rules read it.", check_code_opaque};

}  // namespace pg::verify

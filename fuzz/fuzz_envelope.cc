// Signed reports and trust files: any bytes. Nothing may be accepted that was not signed, in either layout; what is
// read strictly is written back as it was.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "verify/sign/base64.h"
#include "verify/sign/check.h"
#include "verify/sign/strict_json.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// The public key of RFC 8032's TEST 1; no input holds a signature of its owner over a statement.
const pg::verify::TrustStore& trust() {
  static const pg::verify::TrustStore store = [] {
    auto parsed = pg::verify::parse_trust(
        R"({"schema":"pgverify/trust/v1","keys":[{"name":"n","key":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",)"
        R"("verifiers":["urn:v"]}]})",
        "trust");
    require(parsed.ok());
    return *std::move(parsed);
  }();
  return store;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pg::verify;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = base64_decode(text); bytes && text.find_first_of("-_") == std::string_view::npos)
    require(base64_encode(*bytes) == text);
  for (const Layout layout : {Layout::canonical, Layout::any}) {
    CheckOptions options;
    options.layout = layout;
    CheckedReport checked;
    require(check_report(text, trust(), options, checked).has_value());
    const auto envelope = parse_envelope(text, layout);
    if (!envelope) continue;
    const auto again = parse_envelope(envelope_json(*envelope), Layout::canonical);
    require(again && again->payload == envelope->payload && again->payload_type == envelope->payload_type &&
            again->signatures.size() == envelope->signatures.size());
  }
  if (const auto parsed = parse_trust(text, "fuzz"))
    require(!parsed->keys.empty() && parsed->threshold >= 1 &&
            static_cast<std::size_t>(parsed->threshold) <= parsed->keys.size());
  // The payload's own readers, without the signature in front of them.
  if (const auto statement = parse_strict_json(text, "fuzz")) {
    if (const auto subjects = statement_subjects(*statement)) require(!subjects->empty());
    if (const auto report = statement_report(*statement)) require(report->report_digest.size() == 64);
  }
  return 0;
}

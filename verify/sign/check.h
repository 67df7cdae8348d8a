#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "verify/sign/envelope.h"
#include "verify/sign/statement.h"
#include "verify/sign/trust.h"

namespace pg::verify {

struct CheckOptions {
  Layout layout = Layout::canonical;
  std::int64_t now = 0;                               // Unix seconds: keys have to be valid then
  std::map<std::string, std::string> known_policies;  // SHA-256 of this installation's policy files -> name
  // Where given: the digests of the folder as it lies there (folder_subjects), and of further files.
  std::optional<std::vector<Subject>> folder;
  std::vector<Subject> others;
};

struct CheckedReport {
  SignedReport signed_report;
  std::vector<const TrustedKey*> signers;  // distinct, allowed in every respect; into the TrustStore
  std::vector<std::string> unchecked;      // subjects that no file was given for
};

// Why a report is not accepted, and at which of the steps.
struct Refusal {
  const char* step;
  std::string why;
};

// in-toto's order of checks, stopping at the first that does not hold: enough distinct trusted keys have signed ->
// payloadType -> _type -> subjects equal the files -> predicateType -> each key may speak for the verifier at this time
// and that time -> the policy is known. The payload is parsed once, from the bytes that were verified.
std::optional<Refusal> check_report(std::string_view text, const TrustStore& trust, const CheckOptions& options,
                                    CheckedReport& out);

}  // namespace pg::verify

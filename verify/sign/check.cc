#include "verify/sign/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "verify/sign/strict_json.h"

namespace pg::verify {
namespace {

using nlohmann::json;

std::string called(const TrustedKey& key) {
  return fmt::format("{} ({}...)", escape_line(key.name), key.key.id().substr(0, 12));
}

std::string text_at(const json& object, const char* key) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

// The trusted keys that have signed, each once.
std::optional<Refusal> find_signers(const Envelope& envelope, const TrustStore& trust, Layout layout,
                                    std::vector<const TrustedKey*>& signers) {
  const std::string signed_bytes = pae(envelope.payload_type, envelope.payload);
  for (const EnvelopeSignature& signature : envelope.signatures) {
    const TrustedKey* signer = nullptr;
    const TrustedKey* named = nullptr;
    for (const TrustedKey& trusted : trust.keys) {
      if (!signature.key_id.empty() && signature.key_id != trusted.key.id()) continue;
      if (!signature.key_id.empty()) named = &trusted;
      if (trusted.key.verify(signed_bytes, signature.signature)) signer = &trusted;
    }
    // A signature under a trusted key's name that is not that key's: somebody has changed something.
    if (named != nullptr && signer == nullptr && layout == Layout::canonical)
      return Refusal{"signatures", fmt::format("the signature under the name of {} is not valid", called(*named))};
    if (signer != nullptr && std::ranges::find(signers, signer) == signers.end()) signers.push_back(signer);
  }
  if (signers.size() < static_cast<std::size_t>(trust.threshold))
    return Refusal{"signatures", fmt::format("{} of {} signatures are by trusted keys, {} distinct keys are needed",
                                             signers.size(), envelope.signatures.size(), trust.threshold)};
  return std::nullopt;
}

// A file that the caller holds against the report has to be one of its subjects: else nothing about it was signed, and
// accepting would say the opposite.
std::optional<Refusal> find_others(const CheckOptions& options, const CheckedReport& out) {
  const auto& subjects = out.signed_report.subjects;
  for (const Subject& other : options.others) {
    if (std::ranges::any_of(subjects, [&](const Subject& s) { return s.digest == other.digest; })) continue;
    const bool named = std::ranges::any_of(subjects, [&](const Subject& s) { return s.name == other.name; });
    return Refusal{"subjects", fmt::format("{} {}", escape_line(other.name),
                                           named ? "is not the signed file of this name"
                                                 : "is not among the signed files: its digest stands nowhere in the "
                                                   "report")};
  }
  return std::nullopt;
}

std::optional<Refusal> compare_with_files(const CheckOptions& options, CheckedReport& out) {
  if (auto refusal = find_others(options, out)) return refusal;
  if (!options.folder) {
    for (const Subject& s : out.signed_report.subjects)
      if (std::ranges::none_of(options.others, [&](const Subject& o) { return o.digest == s.digest; }))
        out.unchecked.push_back(s.name);
    return std::nullopt;
  }
  const auto differences = compare_subjects(out.signed_report.subjects, *options.folder, options.others, out.unchecked);
  if (!differences.empty()) return Refusal{"subjects", fmt::format("{}", fmt::join(differences, "; "))};
  return std::nullopt;
}

// Why `key` does not count for this report; empty if it does.
std::string not_allowed(const TrustedKey& key, const SignedReport& report, const CheckOptions& options) {
  const auto claimed = parse_time(report.time);
  const auto within = [&](std::int64_t time) {
    return (!key.not_before || *key.not_before <= time) && (!key.not_after || time <= *key.not_after);
  };
  if (!key.any_verifier && std::ranges::find(key.verifiers, report.verifier_id) == key.verifiers.end())
    return fmt::format("{} may not speak for the verifier {}", called(key), escape_line(report.verifier_id));
  if (!within(options.now)) return fmt::format("{} is not valid at this time", called(key));
  if ((key.not_before || key.not_after) && (!claimed || !within(*claimed)))
    return fmt::format("{} was not valid at the time of the report, {}", called(key),
                       report.time.empty() ? "which it does not say" : escape_line(report.time));
  return "";
}

bool policy_is_known(const TrustedKey& key, const SignedReport& report, const CheckOptions& options) {
  return key.policies.empty() ? options.known_policies.contains(report.policy_digest)
                              : std::ranges::find(key.policies, report.policy_digest) != key.policies.end();
}

// Keeps the signers for which `problem` is empty; a Refusal where too few are left.
template <class Problem>
std::optional<Refusal> keep_allowed(const char* step, const TrustStore& trust, CheckedReport& out, Problem problem) {
  std::vector<std::string> reasons;
  std::erase_if(out.signers, [&](const TrustedKey* key) {
    const std::string why = problem(*key);
    if (!why.empty()) reasons.push_back(why);
    return !why.empty();
  });
  if (out.signers.size() >= static_cast<std::size_t>(trust.threshold)) return std::nullopt;
  return Refusal{step, fmt::format("{}; {} keys are left, {} are needed", fmt::join(reasons, "; "), out.signers.size(),
                                   trust.threshold)};
}

}  // namespace

std::optional<Refusal> check_report(std::string_view text, const TrustStore& trust, const CheckOptions& options,
                                    CheckedReport& out) {
  out = CheckedReport();
  const auto envelope = parse_envelope(text, options.layout);
  if (!envelope) return Refusal{"envelope", envelope.error().message};
  if (auto refusal = find_signers(*envelope, trust, options.layout, out.signers)) return refusal;
  if (envelope->payload_type != kInTotoPayloadType)
    return Refusal{"payloadType",
                   fmt::format("\"{}\" is not {}", escape_line(envelope->payload_type), kInTotoPayloadType)};
  const auto statement = parse_strict_json(envelope->payload, "the payload");
  if (!statement) return Refusal{"payload", statement.error().message};
  if (const std::string type = text_at(*statement, "_type"); type != kStatementType)
    return Refusal{"_type", fmt::format("\"{}\" is not {}", escape_line(type), kStatementType)};
  auto subjects = statement_subjects(*statement);
  if (!subjects) return Refusal{"subjects", subjects.error().message};
  out.signed_report.subjects = *subjects;
  if (auto refusal = compare_with_files(options, out)) return refusal;
  if (const std::string type = text_at(*statement, "predicateType"); type != kReportPredicate)
    return Refusal{"predicateType", fmt::format("\"{}\" is not {}", escape_line(type), kReportPredicate)};
  auto report = statement_report(*statement);
  if (!report) return Refusal{"predicate", report.error().message};
  out.signed_report = *std::move(report);
  out.signed_report.subjects = *std::move(subjects);
  const SignedReport& read = out.signed_report;
  if (auto refusal =
          keep_allowed("verifier", trust, out, [&](const TrustedKey& key) { return not_allowed(key, read, options); }))
    return refusal;
  return keep_allowed("policy", trust, out, [&](const TrustedKey& key) {
    return policy_is_known(key, read, options)
               ? std::string()
               : fmt::format("{} may not judge by the policy {} with the digest {}", called(key),
                             escape_line(read.policy_name), escape_line(read.policy_digest));
  });
}

}  // namespace pg::verify

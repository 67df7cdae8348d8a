#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "verify/sign/key.h"

namespace pg::verify {

// A key and what its signature is good for.
struct TrustedKey {
  PublicKey key;
  std::string name;                                   // for messages
  bool any_verifier = false;                          // given by hand (--key): `verifiers` is not looked at
  std::vector<std::string> verifiers;                 // verifier ids it may speak for
  std::optional<std::int64_t> not_before, not_after;  // Unix seconds, both inclusive
  std::vector<std::string> policies;                  // SHA-256 of policy files; empty: those of this installation
};

struct TrustStore {
  std::vector<TrustedKey> keys;
  int threshold = 1;  // distinct keys that have to have signed
};

inline constexpr std::uint64_t kMaxTrustBytes = 1 << 20;

// Reads a pgverify/trust/v1 file (docs/formats/trust.md). Unknown, missing and doubled keys, two entries for one key
// and a threshold that no set of its keys can reach are errors that name the file.
Result<TrustStore> parse_trust(std::string_view text, std::string_view where);

// "2026-05-02T12:00:00Z" as Unix seconds; that form only.
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace pg::verify

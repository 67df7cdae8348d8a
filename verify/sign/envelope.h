// DSSE 1.0.2: an envelope holds bytes, what kind of bytes they are, and signatures over both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "verify/sign/key.h"

namespace pg::verify {

struct EnvelopeSignature {
  std::string key_id;     // an unauthenticated hint; "": none
  std::string signature;  // raw bytes
};

struct Envelope {
  std::string payload_type, payload;
  std::vector<EnvelopeSignature> signatures;
};

inline constexpr std::string_view kInTotoPayloadType = "application/vnd.in-toto+json";
inline constexpr std::uint64_t kMaxEnvelopeBytes = std::uint64_t{16} << 20;
inline constexpr std::size_t kMaxSignatures = 64;

// The bytes that are signed: "DSSEv1 <len> <payloadType> <len> <payload>".
std::string pae(std::string_view payload_type, std::string_view payload);

// How strictly an envelope's own text is read. Either way duplicate keys, bytes behind the value and base64 that is not
// the only encoding of its bytes are refused.
enum class Layout {
  canonical,  // exactly the bytes that envelope_json() writes, except that base64 may be URL-safe: no bit can change
  any,        // any JSON; unknown members are ignored, as DSSE asks of readers
};

// Reads an envelope, or a sigstore bundle that holds one.
Result<Envelope> parse_envelope(std::string_view text, Layout layout);

// RFC 8785 with a line end behind.
std::string envelope_json(const Envelope& envelope);

// A sigstore bundle v0.3 (media type application/vnd.dev.sigstore.bundle.v0.3+json) around an envelope with one
// signature; `key` is the signer's, named by the hint that sigstore-go gives a key: base64 of the SHA-256 of its DER.
std::string sigstore_bundle_json(const Envelope& envelope, const PublicKey& key);

// Signs the payload and adds the signature. An Error where the key has signed already.
Status add_signature(Envelope& envelope, const PrivateKey& key);

}  // namespace pg::verify

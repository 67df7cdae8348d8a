#include "verify/sign/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "verify/report/canonical.h"
#include "verify/sign/base64.h"
#include "verify/sign/strict_json.h"

namespace pg::verify {
namespace {

using nlohmann::json;

constexpr std::string_view kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

Error refused(std::string_view why) {
  return Error{fmt::format("no DSSE envelope: {}", why)};
}

// A member that has to be a string, or an Error that names it.
Result<std::string> text_of(const json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return refused(fmt::format("\"{}\" has to be a string", key));
  return at->get<std::string>();
}

Result<std::string> bytes_of(const json& object, const char* key) {
  const auto text = text_of(object, key);
  if (!text) return text;
  auto bytes = base64_decode(*text);
  if (!bytes) return refused(fmt::format("\"{}\" is not canonical base64", key));
  return *std::move(bytes);
}

Status only_keys(const json& object, const std::set<std::string>& known) {
  for (const auto& [key, value] : object.items())
    if (!known.contains(key)) return refused(fmt::format("unknown member \"{}\"", escape_line(key)));
  return {};
}

Result<EnvelopeSignature> read_signature(const json& value, Layout layout) {
  if (!value.is_object()) return refused("a signature has to be an object");
  EnvelopeSignature out;
  if (value.contains("keyid")) {
    auto id = text_of(value, "keyid");
    if (!id) return id.error();
    out.key_id = *std::move(id);
  }
  auto signature = bytes_of(value, "sig");
  if (!signature) return signature.error();
  out.signature = *std::move(signature);
  if (const Status known = only_keys(value, {"keyid", "sig"}); !known && layout == Layout::canonical)
    return known.error();
  return out;
}

Result<Envelope> read_envelope(const json& root, Layout layout) {
  if (!root.is_object()) return refused("it has to be a JSON object");
  if (const Status known = only_keys(root, {"payload", "payloadType", "signatures"});
      !known && layout == Layout::canonical)
    return known.error();
  Envelope out;
  auto type = text_of(root, "payloadType");
  if (!type) return type.error();
  out.payload_type = *std::move(type);
  auto payload = bytes_of(root, "payload");
  if (!payload) return payload.error();
  out.payload = *std::move(payload);
  const auto signatures = root.find("signatures");
  if (signatures == root.end() || !signatures->is_array() || signatures->empty())
    return refused("\"signatures\" has to be a list with at least one signature");
  if (signatures->size() > kMaxSignatures) return refused(fmt::format("more than {} signatures", kMaxSignatures));
  for (const json& value : *signatures) {
    auto signature = read_signature(value, layout);
    if (!signature) return signature.error();
    out.signatures.push_back(*std::move(signature));
  }
  return out;
}

json envelope_value(const Envelope& envelope) {
  json signatures = json::array();
  for (const EnvelopeSignature& s : envelope.signatures)
    signatures.push_back({{"keyid", s.key_id}, {"sig", base64_encode(s.signature)}});
  return {{"payload", base64_encode(envelope.payload)},
          {"payloadType", envelope.payload_type},
          {"signatures", std::move(signatures)}};
}

}  // namespace

std::string pae(std::string_view payload_type, std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", payload_type.size(), payload_type, payload.size(), payload);
}

Result<Envelope> parse_envelope(std::string_view text, Layout layout) {
  if (text.size() > kMaxEnvelopeBytes) return refused(fmt::format("larger than {} bytes", kMaxEnvelopeBytes));
  const auto root = parse_strict_json(text, "no DSSE envelope");
  if (!root) return root.error();
  if (layout == Layout::canonical && canonical_json(*root) + "\n" != text)
    return refused(
        "its JSON is not in canonical form (RFC 8785 and a line end), so it was not written by pgverify or has been "
        "changed since; --relaxed reads it all the same");
  const bool bundle = root->is_object() && root->contains("dsseEnvelope");
  return read_envelope(bundle ? root->at("dsseEnvelope") : *root, layout);
}

std::string envelope_json(const Envelope& envelope) {
  return canonical_json(envelope_value(envelope)) + "\n";
}

std::string sigstore_bundle_json(const Envelope& envelope, const PublicKey& key) {
  unsigned char digest[32];
  const std::string hex = sha256_hex(key.der());
  for (std::size_t i = 0; i < sizeof digest; ++i)
    digest[i] = static_cast<unsigned char>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  const std::string hint = base64_encode({reinterpret_cast<const char*>(digest), sizeof digest});
  return canonical_json({{"mediaType", kBundleType},
                         {"verificationMaterial", {{"publicKey", {{"hint", hint}}}}},
                         {"dsseEnvelope", envelope_value(envelope)}}) +
         "\n";
}

Status add_signature(Envelope& envelope, const PrivateKey& key) {
  const std::string& id = key.public_key().id();
  if (std::ranges::any_of(envelope.signatures, [&](const EnvelopeSignature& s) { return s.key_id == id; }))
    return Error{fmt::format("the key {} has signed already; a threshold counts distinct keys", id)};
  auto signature = key.sign(pae(envelope.payload_type, envelope.payload));
  if (!signature) return signature.error();
  envelope.signatures.push_back({id, *std::move(signature)});
  return {};
}

}  // namespace pg::verify

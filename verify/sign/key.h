// Signing keys: Ed25519 (the signatures of reports) and ECDSA P-256 (the optional bundle for cosign). All arithmetic is
// OpenSSL's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "reference/base/result.h"

struct evp_pkey_st;

namespace pg::verify {

enum class KeyType { ed25519, ecdsa_p256 };
const char* to_string(KeyType type);

class PublicKey {
 public:
  // From a PEM block "PUBLIC KEY". `where` is named in errors.
  static Result<PublicKey> from_pem(std::string_view pem, std::string_view where);
  // From the 32 bytes of RFC 8032.
  static Result<PublicKey> from_raw_ed25519(std::string_view bytes, std::string_view where);

  KeyType type() const { return type_; }
  // The id that securesystemslib gives the key by default: SHA-256, in hexadecimal, over the canonical JSON of its
  // keytype, keyval and scheme. Names the key material, so two keys are the same exactly where their ids are.
  const std::string& id() const { return id_; }
  // SubjectPublicKeyInfo in PEM.
  const std::string& pem() const { return pem_; }
  // The same in DER.
  std::string der() const;
  // Ed25519: 64 bytes over the message itself. P-256: DER, over its SHA-256.
  bool verify(std::string_view message, std::string_view signature) const;

 private:
  friend class PrivateKey;
  static Result<PublicKey> from(std::shared_ptr<evp_pkey_st> key, std::string_view where);

  KeyType type_ = KeyType::ed25519;
  std::string id_, pem_;
  std::shared_ptr<evp_pkey_st> key_;
};

// Asked for only where a key turns out to be encrypted.
using PassphraseSource = std::function<Result<std::string>()>;

class PrivateKey {
 public:
  static Result<PrivateKey> generate(KeyType type);
  static Result<PrivateKey> from_pem(std::string_view pem, std::string_view where, const PassphraseSource& passphrase);
  // From the 32 bytes of RFC 8032, for test vectors.
  static Result<PrivateKey> from_raw_ed25519(std::string_view seed);

  const PublicKey& public_key() const { return public_; }
  Result<std::string> sign(std::string_view message) const;
  // PKCS#8 in PEM; with a passphrase encrypted with AES-256-CBC under a key derived by scrypt (RFC 7914, N = 16384).
  Result<std::string> pem(std::string_view passphrase) const;

 private:
  static Result<PrivateKey> from(std::shared_ptr<evp_pkey_st> key, std::string_view where);
  PublicKey public_;
};

}  // namespace pg::verify

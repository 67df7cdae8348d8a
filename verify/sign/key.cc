#include "verify/sign/key.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <cstring>
#include <optional>

#include "reference/base/sha256.h"

namespace pg::verify {
namespace {

template <auto free_it>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    free_it(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using KeyPointer = std::shared_ptr<EVP_PKEY>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

KeyPointer own(EVP_PKEY* key) {
  return {key, EVP_PKEY_free};
}

Bio reader(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

Error openssl_error(std::string_view where, std::string_view what) {
  char text[256] = "no reason given";
  if (const unsigned long code = ERR_peek_last_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return Error{fmt::format("{}: {} ({})", where, what, text)};
}

std::optional<KeyType> type_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyType::ed25519;
  char group[32] = "";
  if (EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
      std::string_view(group) == "prime256v1")
    return KeyType::ecdsa_p256;
  return std::nullopt;
}

// The digest function: Ed25519 hashes by itself.
const EVP_MD* digest_for(KeyType type) {
  return type == KeyType::ed25519 ? nullptr : EVP_sha256();
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Canonical JSON as securesystemslib writes it (the OLPC form: only '"' and '\' are escaped, so a PEM's line ends stand
// as they are).
std::string key_id(std::string_view keytype, std::string_view scheme, std::string_view value) {
  return sha256_hex(fmt::format(R"({{"keytype":{},"keyval":{{"public":{}}},"scheme":{}}})", json_text(keytype),
                                json_text(value), json_text(scheme)));
}

struct Asked {
  const PassphraseSource* source;
  std::optional<Error> error;
  bool was = false;
};

int ask(char* buffer, int size, int, void* data) {
  auto* asked = static_cast<Asked*>(data);
  asked->was = true;
  auto passphrase = (*asked->source)();
  if (!passphrase) {
    asked->error = passphrase.error();
    return -1;
  }
  const bool fits = passphrase->size() <= static_cast<std::size_t>(size);
  if (fits) std::memcpy(buffer, passphrase->data(), passphrase->size());
  const int length = fits ? static_cast<int>(passphrase->size()) : -1;
  OPENSSL_cleanse(passphrase->data(), passphrase->size());
  return length;
}

}  // namespace

const char* to_string(KeyType type) {
  return type == KeyType::ed25519 ? "ed25519" : "ecdsa-p256";
}

Result<PublicKey> PublicKey::from(KeyPointer key, std::string_view where) {
  const auto type = type_of(key.get());
  if (!type) return Error{fmt::format("{}: neither an Ed25519 nor an ECDSA P-256 key", where)};
  // A compressed point would give the same key another PEM, hence another id.
  if (*type == KeyType::ecdsa_p256)
    EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
  PublicKey out;
  out.type_ = *type;
  out.key_ = std::move(key);
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), out.key_.get()) != 1)
    return openssl_error(where, "the public key cannot be written");
  out.pem_ = written(bio.get());
  if (*type == KeyType::ecdsa_p256) {
    out.id_ = key_id("ecdsa", "ecdsa-sha2-nistp256", out.pem_);
    return out;
  }
  unsigned char raw[32];
  std::size_t size = sizeof raw;
  if (EVP_PKEY_get_raw_public_key(out.key_.get(), raw, &size) != 1 || size != sizeof raw)
    return openssl_error(where, "the public key cannot be read");
  std::string hex;
  for (const unsigned char byte : raw) hex += fmt::format("{:02x}", byte);
  out.id_ = key_id("ed25519", "ed25519", hex);
  return out;
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem, std::string_view where) {
  if (pem.find("PRIVATE KEY-----") != std::string_view::npos)
    return Error{
        fmt::format("{} holds a private key; give the public one (keygen wrote it beside, as .pub.pem)", where)};
  const Bio bio = reader(pem);
  KeyPointer key = own(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (!key) return openssl_error(where, "no public key in PEM");
  return from(std::move(key), where);
}

Result<PublicKey> PublicKey::from_raw_ed25519(std::string_view bytes, std::string_view where) {
  KeyPointer key = own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), bytes.size()));
  if (!key) return openssl_error(where, "an Ed25519 public key has 32 bytes");
  return from(std::move(key), where);
}

std::string PublicKey::der() const {
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &bytes);
  std::string out(reinterpret_cast<const char*>(bytes), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(bytes);
  return out;
}

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
  const Digest context(EVP_MD_CTX_new());
  const bool valid =
      context && EVP_DigestVerifyInit(context.get(), nullptr, digest_for(type_), nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
  ERR_clear_error();
  return valid;
}

Result<PrivateKey> PrivateKey::from(KeyPointer key, std::string_view where) {
  auto shown = PublicKey::from(std::move(key), where);
  if (!shown) return shown.error();
  PrivateKey out;
  out.public_ = *std::move(shown);
  return out;
}

Result<PrivateKey> PrivateKey::generate(KeyType type) {
  KeyPointer key = own(type == KeyType::ed25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                                : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (!key) return openssl_error("keygen", "no key could be generated");
  return from(std::move(key), "keygen");
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem, std::string_view where,
                                        const PassphraseSource& passphrase) {
  if (pem.find("PRIVATE KEY-----") == std::string_view::npos)
    return Error{fmt::format("{} holds no private key in PEM; `pgverify keygen` makes one", where)};
  const Bio bio = reader(pem);
  Asked asked{&passphrase, std::nullopt};
  KeyPointer key = own(PEM_read_bio_PrivateKey(bio.get(), nullptr, ask, &asked));
  if (asked.error) {
    ERR_clear_error();
    return *asked.error;
  }
  if (!key)
    return openssl_error(where, asked.was ? "wrong passphrase, or a damaged key" : "the private key is damaged");
  return from(std::move(key), where);
}

Result<PrivateKey> PrivateKey::from_raw_ed25519(std::string_view seed) {
  KeyPointer key = own(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), seed.size()));
  if (!key) return openssl_error("seed", "an Ed25519 seed has 32 bytes");
  return from(std::move(key), "seed");
}

Result<std::string> PrivateKey::sign(std::string_view message) const {
  const Digest context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, digest_for(public_.type_), nullptr, public_.key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(message), message.size()) != 1)
    return openssl_error("sign", "OpenSSL cannot sign");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes_of(message),
                     message.size()) != 1)
    return openssl_error("sign", "OpenSSL cannot sign");
  signature.resize(size);
  return signature;
}

Result<std::string> PrivateKey::pem(std::string_view passphrase) const {
  const Bio bio(BIO_new(BIO_s_secmem()));
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freer<PKCS8_PRIV_KEY_INFO_free>> plain(EVP_PKEY2PKCS8(public_.key_.get()));
  if (!bio || !plain) return openssl_error("key", "OpenSSL cannot write the key");
  if (passphrase.empty()) {
    if (PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio.get(), plain.get()) != 1)
      return openssl_error("key", "OpenSSL cannot write the key");
    return written(bio.get());
  }
  // The largest cost whose memory (16 MiB) stays below what the openssl program allows itself when it reads the key.
  constexpr std::uint64_t kCost = 16384, kBlock = 8, kParallel = 1;
  X509_ALGOR* scheme = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 16, nullptr, kCost, kBlock, kParallel);
  if (scheme == nullptr) return openssl_error("key", "OpenSSL cannot prepare the encryption");
  const std::unique_ptr<X509_SIG, Freer<X509_SIG_free>> sealed(
      PKCS8_set0_pbe(passphrase.data(), static_cast<int>(passphrase.size()), plain.get(), scheme));
  if (!sealed) {
    X509_ALGOR_free(scheme);
    return openssl_error("key", "OpenSSL cannot encrypt the key");
  }
  if (PEM_write_bio_PKCS8(bio.get(), sealed.get()) != 1) return openssl_error("key", "OpenSSL cannot write the key");
  return written(bio.get());
}

}  // namespace pg::verify

#include "verify/sign/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/sign/base64.h"
#include "verify/sign/test_keys.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const PassphraseSource kNobody = []() -> Result<std::string> { return Error{"no passphrase at hand"}; };

PassphraseSource says(std::string passphrase) {
  return [passphrase]() -> Result<std::string> { return passphrase; };
}

// RFC 8032 section 7.1: TEST 1, 2, 3 and SHA(abc).
struct Vector {
  const char *seed, *public_key, *message, *signature;
};
constexpr Vector kRfc8032[] = {{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
                                "701cf9b46bd25bf5f0595bbe2465"
                                "5141438e7a100b"},
                               {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
                                "13d0f11d8c387b2eaeb4302aeeb0"
                                "0d291612bb0c00"},
                               {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7"
                                "60984dc6594a7c15e9716ed28dc0"
                                "27beceea1ec40a"},
                               {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
                                "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
                                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c"
                                "23a3feebbd454d4423643ce80e2a"
                                "9ac94fa54ca49f",
                                "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7"
                                "c66431e0303dca179c138ac17ad9"
                                "bef1177331a704"}};

TEST(Key, SignsAndVerifiesTheVectorsOfRfc8032) {
  for (const Vector& vector : kRfc8032) {
    const auto key = PrivateKey::from_raw_ed25519(from_hex(vector.seed));
    ASSERT_TRUE(key);
    const std::string message = from_hex(vector.message);
    const auto signature = key->sign(message);
    ASSERT_TRUE(signature);
    EXPECT_EQ(*signature, from_hex(vector.signature));
    const auto published = PublicKey::from_raw_ed25519(from_hex(vector.public_key), "vector");
    ASSERT_TRUE(published) << published.error().message;
    EXPECT_EQ(published->id(), key->public_key().id());
    EXPECT_TRUE(published->verify(message, *signature));
    EXPECT_FALSE(published->verify(message + "x", *signature));
  }
}

TEST(Key, EveryFlippedBitOfASignatureIsRefused) {
  const PrivateKey key = test_key(1);
  const std::string good = *key.sign("r");
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(key.public_key().verify("r", bad)) << bit;
  }
  for (const std::string& bad : {std::string(), good.substr(1), good + good})
    EXPECT_FALSE(key.public_key().verify("r", bad));
}

// S + L stands for the same number as S; accepting it would give one report two signatures (RFC 8032, 5.1.7).
TEST(Key, SignaturesWithAnUnreducedScalarAreRefused) {
  std::string signature = *test_key(0).sign("r");
  const std::string order = from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  int carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const int sum = static_cast<unsigned char>(signature[32 + i]) + static_cast<unsigned char>(order[i]) + carry;
    signature[32 + i] = static_cast<char>(sum & 255);
    carry = sum >> 8;
  }
  ASSERT_EQ(carry, 0);
  EXPECT_FALSE(test_key(0).public_key().verify("r", signature));
}

// The ids were computed with securesystemslib 1.6.0: SSlibKey.from_crypto(key).keyid.
TEST(Key, IdIsTheOneOfSecuresystemslib) {
  EXPECT_EQ(test_key(0).public_key().id(), "74c181c7ad8a0855d4b55e44d2ba87aabdddb196832571f15f92fece332e4916");
  const auto ecdsa = PublicKey::from_pem(
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ805D3eqNZywjCI19lInBJOp7YMr\n"
      "CrzAH3CVTAOQ0jgMeCvVTiaRJaRPRDOv8UMs6U4SvKc6pnrIDOoSYI3fdA==\n"
      "-----END PUBLIC KEY-----\n",
      "dsse");
  ASSERT_TRUE(ecdsa);
  EXPECT_EQ(ecdsa->type(), KeyType::ecdsa_p256);
  EXPECT_EQ(ecdsa->id(), "2f9c4662c9410d724be73522fa0dd06be3e17ce4c9b055b2f196737557650ec2");
}

// DSSE's own vector: P-256 over the PAE of "hello world". The published signature is r and s side by side; this is the
// same pair in DER.
TEST(Key, VerifiesTheSignatureThatDssePublishes) {
  const auto key = PublicKey::from_pem(
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ805D3eqNZywjCI19lInBJOp7YMr\n"
      "CrzAH3CVTAOQ0jgMeCvVTiaRJaRPRDOv8UMs6U4SvKc6pnrIDOoSYI3fdA==\n"
      "-----END PUBLIC KEY-----\n",
      "dsse");
  const auto signature =
      base64_decode("MEQCIANyarEBrVbCdjtsaqyOSHJ14qeRk6CdxfhZ2fjvPEo7AiBR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==");
  ASSERT_TRUE(key && signature);
  EXPECT_TRUE(key->verify("DSSEv1 29 http://example.com/HelloWorld 11 hello world", *signature));
  EXPECT_FALSE(key->verify("DSSEv1 29 http://example.com/HelloWorld 11 hello_world", *signature));
}

TEST(Key, PublicAndPrivatePemComeBackAsTheSameKey) {
  for (const KeyType type : {KeyType::ed25519, KeyType::ecdsa_p256}) {
    const auto key = PrivateKey::generate(type);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->public_key().type(), type);
    for (const std::string passphrase : {"", "correct horse"}) {
      const auto pem = key->pem(passphrase);
      ASSERT_TRUE(pem) << pem.error().message;
      EXPECT_EQ(pem->find("ENCRYPTED") != std::string::npos, !passphrase.empty());
      const auto back = PrivateKey::from_pem(*pem, "key.pem", says(passphrase));
      ASSERT_TRUE(back) << back.error().message;
      EXPECT_EQ(back->public_key().id(), key->public_key().id());
      EXPECT_TRUE(key->public_key().verify("m", *back->sign("m")));
    }
    const auto shown = PublicKey::from_pem(key->public_key().pem(), "key.pub.pem");
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->id(), key->public_key().id());
  }
}

TEST(Key, PassphraseIsAskedForOnlyWhereNeededAndWrongOnesAreSaid) {
  const PrivateKey key = test_key(0);
  EXPECT_TRUE(PrivateKey::from_pem(*key.pem(""), "plain", kNobody));
  const std::string sealed = *key.pem("right");
  EXPECT_THAT(PrivateKey::from_pem(sealed, "k", kNobody).error().message, HasSubstr("no passphrase at hand"));
  EXPECT_THAT(PrivateKey::from_pem(sealed, "k", says("wrong")).error().message, HasSubstr("wrong passphrase"));
  EXPECT_THAT(PrivateKey::from_pem(sealed, "k", says(std::string(5000, 'x'))).error().message,
              HasSubstr("wrong passphrase"));
  EXPECT_NE(*key.pem("right"), sealed) << "salt and IV are fresh each time";
}

TEST(Key, WhatIsNoUsableKeyIsNamed) {
  EXPECT_THAT(PublicKey::from_pem(*test_key(0).pem(""), "k").error().message, HasSubstr("holds a private key"));
  EXPECT_THAT(PublicKey::from_pem("nonsense", "k").error().message, HasSubstr("no public key"));
  EXPECT_THAT(PrivateKey::from_pem(test_key(0).public_key().pem(), "k", kNobody).error().message,
              HasSubstr("no private key"));
  // An RSA key's envelope would need other algorithms.
  EXPECT_FALSE(PublicKey::from_raw_ed25519("short", "k"));
  const auto x25519 = PublicKey::from_pem(
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEAhSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n-----END PUBLIC "
      "KEY-----\n",
      "k");
  EXPECT_THAT(x25519.error().message, HasSubstr("neither an Ed25519 nor an ECDSA P-256 key"));
}

}  // namespace
}  // namespace pg::verify

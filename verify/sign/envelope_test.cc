#include "verify/sign/envelope.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "verify/sign/base64.h"
#include "verify/sign/strict_json.h"
#include "verify/sign/test_keys.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

Envelope signed_envelope() {
  Envelope out{std::string(kInTotoPayloadType), "{\"a\":1}", {}};
  EXPECT_TRUE(add_signature(out, test_key(0)));
  return out;
}

std::string error_of(std::string_view text, Layout layout = Layout::canonical) {
  const auto envelope = parse_envelope(text, layout);
  return envelope ? "" : envelope.error().message;
}

TEST(Envelope, WorkedExampleOfTheFormatPage) {
  Envelope envelope{std::string(kInTotoPayloadType), "{}", {}};
  ASSERT_TRUE(add_signature(envelope, test_key(0)));
  const auto page = read_file(PG_SOURCE_DIR "/docs/formats/signed-report.md", 1 << 20);
  ASSERT_TRUE(page);
  EXPECT_THAT(*page, HasSubstr("\n" + envelope_json(envelope)));
  EXPECT_THAT(*page, HasSubstr(test_key(0).public_key().id()));
  EXPECT_THAT(*page, HasSubstr(test_key(0).public_key().pem()));
  std::string hex;
  for (const unsigned char byte : pae(envelope.payload_type, envelope.payload)) hex += fmt::format("{:02x} ", byte);
  EXPECT_THAT(*page, HasSubstr(hex.substr(0, hex.size() - 1)));
}

// RFC 4648 section 10.
TEST(Base64, EncodesAndDecodesTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(base64_decode(base64_encode(all)), all);
}

TEST(Base64, OnlyTheOneEncodingIsReadInEitherAlphabet) {
  EXPECT_EQ(base64_decode("-_-_"), base64_decode("+/+/"));
  for (const char* bad :
       {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", " Zm9v", "Zm9v====", "+_+_", "Zg==Zg==", "Zm$v"})
    EXPECT_FALSE(base64_decode(bad)) << bad;
}

TEST(StrictJson, RefusesWhatTwoParsersCouldReadDifferently) {
  EXPECT_TRUE(parse_strict_json(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})", "t"));
  for (const char* bad : {R"({"a":1,"a":1})", R"([{"x":{"a":1,"b":2,"a":3}}])", "{} {}", "{}x", "\xEF\xBB\xBF{}",
                          "{\"a\":\"\xFF\"}", "", "{"})
    EXPECT_FALSE(parse_strict_json(bad, "t")) << bad;
  EXPECT_FALSE(parse_strict_json(std::string(100'000, '[') + std::string(100'000, ']'), "t"));
  EXPECT_TRUE(parse_strict_json(std::string(60, '[') + std::string(60, ']'), "t"));
}

// The vector in DSSE's protocol.md.
TEST(Envelope, PaeIsTheOneOfTheSpecification) {
  EXPECT_EQ(pae("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  EXPECT_EQ(pae("", ""), "DSSEv1 0  0 ");
  EXPECT_EQ(pae("\xC3\xA9", std::string("a\0b", 3)), std::string("DSSEv1 2 \xC3\xA9 3 a\0b", 17))
      << "bytes, not characters";
}

TEST(Envelope, IsReadBackAsItWasWritten) {
  const Envelope envelope = signed_envelope();
  const auto back = parse_envelope(envelope_json(envelope), Layout::canonical);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->payload, envelope.payload);
  EXPECT_EQ(back->payload_type, envelope.payload_type);
  ASSERT_EQ(back->signatures.size(), 1u);
  EXPECT_EQ(back->signatures[0].key_id, test_key(0).public_key().id());
  EXPECT_EQ(back->signatures[0].signature, envelope.signatures[0].signature);
}

TEST(Envelope, OtherLayoutsAreReadOnRequestOnly) {
  const json value = json::parse(envelope_json(signed_envelope()));
  EXPECT_THAT(error_of(value.dump(2)), HasSubstr("not in canonical form"));
  EXPECT_EQ(error_of(value.dump(2), Layout::any), "");
  json more = value;
  more["extra"] = 1;
  more["signatures"][0]["cert"] = "x";
  EXPECT_THAT(error_of(more.dump() + "\n"), HasSubstr("unknown member"));
  EXPECT_EQ(error_of(more.dump(), Layout::any), "");
}

TEST(Envelope, MalformedOnesAreRefusedInEitherLayout) {
  const json good = json::parse(envelope_json(signed_envelope()));
  const auto without = [&](const char* key) {
    json value = good;
    value.erase(key);
    return value;
  };
  const auto with = [&](const char* pointer, json part) {
    json value = good;
    value[json::json_pointer(pointer)] = std::move(part);
    return value;
  };
  const json bad[] = {without("payload"),
                      without("payloadType"),
                      without("signatures"),
                      with("/payload", 1),
                      with("/payload", "Zh=="),
                      with("/payload", "Z m8="),
                      with("/payloadType", nullptr),
                      with("/signatures", json::array()),
                      with("/signatures", "x"),
                      with("/signatures/0", 3),
                      with("/signatures/0/sig", nullptr),
                      with("/signatures/0/sig", "AAA"),
                      with("/signatures/0/keyid", 7),
                      json::array(),
                      json("text"),
                      with("/signatures", json(std::vector<json>(65, good["signatures"][0])))};
  for (const json& value : bad)
    for (const Layout layout : {Layout::canonical, Layout::any})
      EXPECT_NE(error_of(value.dump() + "\n", layout), "") << value;
  std::string doubled = good.dump();
  doubled.insert(doubled.size() - 1, R"(,"payload":"e30=")");
  EXPECT_THAT(error_of(doubled, Layout::any), HasSubstr("stands twice"));
  EXPECT_NE(error_of(good.dump() + "\n\n"), "");
  EXPECT_NE(error_of(good.dump() + "{}", Layout::any), "");
}

TEST(Envelope, OneKeySignsOnce) {
  Envelope envelope = signed_envelope();
  EXPECT_THAT(add_signature(envelope, test_key(0)).error().message, HasSubstr("has signed already"));
  EXPECT_TRUE(add_signature(envelope, test_key(1)));
  EXPECT_EQ(envelope.signatures.size(), 2u);
}

TEST(Envelope, SigstoreBundleHoldsTheSameEnvelope) {
  const auto key = PrivateKey::generate(KeyType::ecdsa_p256);
  Envelope envelope{std::string(kInTotoPayloadType), "{}", {}};
  ASSERT_TRUE(key && add_signature(envelope, *key));
  const std::string bundle = sigstore_bundle_json(envelope, key->public_key());
  EXPECT_EQ(json::parse(bundle)["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
  EXPECT_EQ(base64_decode(json::parse(bundle)["verificationMaterial"]["publicKey"]["hint"].get<std::string>())->size(),
            32u);
  const auto back = parse_envelope(bundle, Layout::canonical);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(key->public_key().verify(pae(back->payload_type, back->payload), back->signatures[0].signature));
}

}  // namespace
}  // namespace pg::verify

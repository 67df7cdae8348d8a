// The negative vectors of a signed report: what must not be accepted, and at which step it is refused.
#include "verify/sign/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "verify/report/canonical.h"
#include "verify/sign/base64.h"
#include "verify/sign/test_keys.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kPolicy(64, 'c');
constexpr std::int64_t kNow = 1777700000;  // 2026-05-02

const std::vector<Subject> kSubjects = {{"README.md", "sha256", std::string(64, 'a')},
                                        {"s", "dirHash", std::string(64, 'b')}};

json small_statement(const std::string& verdict = "pass") {
  const json report = {{"schema", "pgverify/report/v1"},
                       {"subject", {{"name", "s"}}},
                       {"policy", {{"name", "p"}, {"digest", kPolicy}}},
                       {"verdict", verdict},
                       {"rules", json::array()},
                       {"run", {{"time", "2026-05-02T12:00:00Z"}, {"version", "0.1.0"}}}};
  return make_statement(report, kSubjects, "urn:lab", PredicateKind::report);
}

Envelope envelope_of(const json& statement, const std::vector<std::size_t>& signers = {0}) {
  Envelope out{std::string(kInTotoPayloadType), canonical_json(statement), {}};
  for (const std::size_t key : signers) EXPECT_TRUE(add_signature(out, test_key(key)));
  return out;
}

TrustStore trust_in(const std::vector<std::size_t>& keys, int threshold = 1) {
  TrustStore out;
  out.threshold = threshold;
  for (const std::size_t i : keys) {
    TrustedKey key;
    key.key = test_key(i).public_key();
    key.name = "key " + std::to_string(i);
    key.verifiers = {"urn:lab"};
    out.keys.push_back(key);
  }
  return out;
}

CheckOptions options() {
  CheckOptions out;
  out.now = kNow;
  out.known_policies = {{kPolicy, "p"}};
  return out;
}

// "" where accepted, else "step: why".
std::string outcome(const std::string& text, const TrustStore& trust = trust_in({0}),
                    const CheckOptions& how = options()) {
  CheckedReport checked;
  const auto refusal = check_report(text, trust, how, checked);
  return refusal ? std::string(refusal->step) + ": " + refusal->why : "";
}
std::string outcome(const Envelope& envelope, const TrustStore& trust = trust_in({0}),
                    const CheckOptions& how = options()) {
  return outcome(envelope_json(envelope), trust, how);
}

TEST(CheckReport, GoodReportsAreAcceptedWhateverTheirVerdict) {
  for (const char* verdict : {"pass", "fail", "inconclusive"}) {
    CheckedReport checked;
    const TrustStore trust = trust_in({0});
    EXPECT_FALSE(check_report(envelope_json(envelope_of(small_statement(verdict))), trust, options(), checked));
    EXPECT_EQ(checked.signed_report.verdict, verdict);
    ASSERT_EQ(checked.signers.size(), 1u);
    EXPECT_EQ(checked.signers[0], trust.keys.data());
    EXPECT_EQ(checked.unchecked.size(), 2u) << "no folder was given";
  }
}

TEST(CheckReport, EveryFlippedBitIsRefused) {
  const std::string good = envelope_json(envelope_of(small_statement()));
  ASSERT_EQ(outcome(good), "");
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    ASSERT_NE(outcome(bad), "") << "bit " << bit % 8 << " of byte " << bit / 8 << ", '" << good[bit / 8] << "'";
  }
  RecordProperty("bits", static_cast<int>(8 * good.size()));
}

TEST(CheckReport, EveryMissingOrAddedByteIsRefused) {
  const std::string good = envelope_json(envelope_of(small_statement()));
  for (std::size_t i = 0; i < good.size(); ++i) ASSERT_NE(outcome(std::string(good).erase(i, 1)), "") << i;
  for (std::size_t i = 0; i <= good.size(); ++i)
    for (const char c : {' ', '\n', 'A', '0', '='}) ASSERT_NE(outcome(std::string(good).insert(i, 1, c)), "") << i << c;
}

TEST(CheckReport, SwappedPayloadIsRefused) {
  Envelope envelope = envelope_of(small_statement("fail"));
  envelope.payload = canonical_json(small_statement("pass"));
  EXPECT_THAT(outcome(envelope), StartsWith("signatures: the signature under the name of key 0"));
}

TEST(CheckReport, ChangedPayloadTypeIsRefusedSignedOrNot) {
  Envelope changed = envelope_of(small_statement());
  changed.payload_type = "application/json";
  EXPECT_THAT(outcome(changed), StartsWith("signatures"));
  Envelope signed_so{"application/json", canonical_json(small_statement()), {}};
  ASSERT_TRUE(add_signature(signed_so, test_key(0)));
  EXPECT_THAT(outcome(signed_so), StartsWith("payloadType"));
}

TEST(CheckReport, KeyIdIsNoProofOfWhoSigned) {
  // The stranger's signature under a trusted name, and a trusted signature under the stranger's name.
  Envelope spoofed = envelope_of(small_statement(), {2});
  spoofed.signatures[0].key_id = test_key(0).public_key().id();
  EXPECT_THAT(outcome(spoofed), StartsWith("signatures"));
  Envelope hidden = envelope_of(small_statement(), {0});
  hidden.signatures[0].key_id = test_key(2).public_key().id();
  EXPECT_THAT(outcome(hidden), StartsWith("signatures: 0 of 1"));
}

TEST(CheckReport, TwoSignaturesByOneKeyAreOneSigner) {
  Envelope envelope = envelope_of(small_statement(), {0});
  envelope.signatures.push_back(envelope.signatures[0]);
  EXPECT_THAT(outcome(envelope, trust_in({0, 1}, 2)), StartsWith("signatures: 1 of 2"));
  envelope.signatures[1].key_id.clear();
  EXPECT_THAT(outcome(envelope, trust_in({0, 1}, 2)), StartsWith("signatures: 1 of 2"));
  EXPECT_EQ(outcome(envelope_of(small_statement(), {0, 1}), trust_in({0, 1}, 2)), "");
  EXPECT_THAT(outcome(envelope_of(small_statement(), {0, 2}), trust_in({0, 1}, 2)), StartsWith("signatures: 1 of 2"));
}

TEST(CheckReport, UrlSafeBase64IsAccepted) {
  json statement = small_statement();
  statement["predicate"]["note"] = "\u07FF?>~";  // gives the payload a '/' and a '+'
  json value = json::parse(envelope_json(envelope_of(statement)));
  for (json* text : {&value["payload"], &value["signatures"][0]["sig"]}) {
    std::string url_safe = *text;
    std::ranges::replace(url_safe, '+', '-');
    std::ranges::replace(url_safe, '/', '_');
    EXPECT_NE(url_safe, *text) << "or nothing was tried";
    *text = url_safe;
  }
  EXPECT_EQ(outcome(canonical_json(value) + "\n"), "");
}

TEST(CheckReport, UnsetKeyIdIsTriedAgainstEveryKey) {
  Envelope envelope = envelope_of(small_statement(), {1});
  envelope.signatures[0].key_id.clear();
  EXPECT_EQ(outcome(envelope, trust_in({0, 1})), "");
  EXPECT_THAT(outcome(envelope, trust_in({0, 2})), StartsWith("signatures: 0 of 1"));
  json value = json::parse(envelope_json(envelope));
  value["signatures"][0].erase("keyid");
  EXPECT_EQ(outcome(canonical_json(value) + "\n", trust_in({1})), "");
}

TEST(CheckReport, AmbiguousBytesAreRefusedAlthoughSigned) {
  const std::string statement = canonical_json(small_statement());
  for (const std::string& payload :
       {statement + "{}", R"({"_type":"x",)" + statement.substr(1), std::string("\xEF\xBB\xBF") + statement}) {
    Envelope envelope{std::string(kInTotoPayloadType), payload, {}};
    ASSERT_TRUE(add_signature(envelope, test_key(0)));
    EXPECT_THAT(outcome(envelope), StartsWith("payload:"));
  }
}

TEST(CheckReport, OtherStatementsAreRefusedAtTheirStep) {
  const auto with = [](const char* pointer, json part) {
    json value = small_statement();
    value[json::json_pointer(pointer)] = std::move(part);
    return outcome(envelope_of(value));
  };
  EXPECT_THAT(with("/_type", "https://in-toto.io/Statement/v0.1"), StartsWith("_type"));
  EXPECT_THAT(with("/subject", json::array()), StartsWith("subjects"));
  EXPECT_THAT(with("/predicateType", kTestResultPredicate), StartsWith("predicateType"));
  EXPECT_THAT(with("/predicate/report/schema", "pgverify/report/v2"), StartsWith("predicate:"));
  EXPECT_THAT(with("/predicate/verifier/id", "urn:other"), StartsWith("verifier: key 0"));
  EXPECT_THAT(with("/predicate/report/policy/digest", std::string(64, 'd')), StartsWith("policy: key 0"));
  EXPECT_EQ(with("/predicate/future", 1), "") << "unknown members of a predicate are ignored";
}

TEST(CheckReport, ComparesTheFilesWhereAFolderIsGiven) {
  CheckOptions how = options();
  how.folder = kSubjects;
  EXPECT_EQ(outcome(envelope_of(small_statement()), trust_in({0}), how), "");
  (*how.folder)[0].digest = std::string(64, 'e');
  (*how.folder)[1].digest = std::string(64, 'f');
  EXPECT_THAT(outcome(envelope_of(small_statement()), trust_in({0}), how),
              StartsWith("subjects: README.md is not the signed file"));
}

TEST(CheckReport, KeysCountWithinTheirLimitsOnly) {
  const Envelope envelope = envelope_of(small_statement());
  TrustStore trust = trust_in({0});
  trust.keys[0].not_after = kNow - 1;
  EXPECT_THAT(outcome(envelope, trust), HasSubstr("is not valid at this time"));
  trust = trust_in({0});
  trust.keys[0].not_before = *parse_time("2026-05-02T12:00:01Z");
  CheckOptions later = options();
  later.now = *trust.keys[0].not_before + 10;
  EXPECT_THAT(outcome(envelope, trust, later), HasSubstr("was not valid at the time of the report"));
  trust = trust_in({0});
  trust.keys[0].policies = {std::string(64, '9')};
  EXPECT_THAT(outcome(envelope, trust), StartsWith("policy")) << "its own list, not the installation's";
  trust.keys[0].policies = {kPolicy};
  CheckOptions bare = options();
  bare.known_policies.clear();
  EXPECT_EQ(outcome(envelope, trust, bare), "");
  trust = trust_in({0});
  trust.keys[0].verifiers.clear();
  EXPECT_THAT(outcome(envelope, trust), StartsWith("verifier"));
  trust.keys[0].any_verifier = true;
  EXPECT_EQ(outcome(envelope, trust), "");
}

TEST(CheckReport, ASignerWithoutPermissionDoesNotHelpTheOthers) {
  TrustStore trust = trust_in({0, 1}, 2);
  const Envelope envelope = envelope_of(small_statement(), {0, 1});
  EXPECT_EQ(outcome(envelope, trust), "");
  trust.keys[1].verifiers = {"urn:elsewhere"};
  EXPECT_THAT(outcome(envelope, trust), StartsWith("verifier: key 1"));
  trust.threshold = 1;
  EXPECT_EQ(outcome(envelope, trust), "");
}

TEST(CheckReport, RelaxedReadingToleratesLayoutAndStrangersButNoChange) {
  CheckOptions relaxed = options();
  relaxed.layout = Layout::any;
  Envelope envelope = envelope_of(small_statement(), {0, 1});
  EXPECT_EQ(outcome(json::parse(envelope_json(envelope)).dump(3), trust_in({0}), relaxed), "");
  envelope.signatures[1].signature[5] = static_cast<char>(envelope.signatures[1].signature[5] ^ 1);
  EXPECT_EQ(outcome(envelope, trust_in({0, 1}), relaxed), "") << "DSSE: skip a signature that does not verify";
  EXPECT_THAT(outcome(envelope, trust_in({0, 1})), StartsWith("signatures")) << "strict: somebody changed something";
  EXPECT_THAT(outcome(envelope, trust_in({0, 1}, 2), relaxed), StartsWith("signatures: 1 of 2"));
  envelope.payload += " ";
  EXPECT_THAT(outcome(envelope, trust_in({0}), relaxed), StartsWith("signatures: 0 of 2"));
}

}  // namespace
}  // namespace pg::verify

// Signing and checking as a user meets them: keys on disk, exit codes, threshold, files that changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "verify/cli/run_program.h"
#include "verify/cli/signing.h"
#include "verify/cli/test_tree.h"
#include "verify/sign/base64.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string content(const fs::path& path) {
  const auto text = read_file(path, 1 << 24);
  EXPECT_TRUE(text) << path;
  return text ? *text : "";
}

json payload_of(const fs::path& path) {
  return json::parse(*base64_decode(json::parse(content(path))["payload"].get<std::string>()));
}

// A folder "a" and unencrypted keys as asked for.
class SignedReportTest : public ::testing::Test {
 protected:
  SignedReportTest() { tree.submission("a"); }
  std::string at(const std::string& name) const { return (tree.root() / name).string(); }
  std::string key(const std::string& name) {
    EXPECT_EQ(run_pgverify({"keygen", at(name + ".pem"), "--no-passphrase"}).code, 0);
    return at(name + ".pem");
  }
  std::string public_key(const std::string& name) const { return at(name + ".pub.pem"); }
  // A report of "a" signed by a new key "k".
  std::string signed_report(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {at("a"), "--sign", key("k"), "-o", at("r.json")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_NE(run_pgverify(arguments).code, 2);
    return at("r.json");
  }

  TestTree tree;
};

TEST_F(SignedReportTest, KeysArePrivateEncryptedAndNeverOverwritten) {
  tree.file("pass", "open sesame\nsecond line\n");
  const std::vector<std::string> arguments = {"keygen", at("k.pem"), "--passphrase-file", at("pass")};
  const Finished made = run_pgverify(arguments);
  ASSERT_EQ(made.code, 0) << made.err;
  struct stat info {};
  ASSERT_EQ(::stat(at("k.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  const std::string pem = content(at("k.pem"));
  EXPECT_THAT(pem, HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
  EXPECT_EQ(run_pgverify(arguments).code, 2);
  EXPECT_EQ(content(at("k.pem")), pem);
  fs::remove(at("k.pem"));
  EXPECT_EQ(run_pgverify(arguments).code, 2) << "the public half is there";
  EXPECT_FALSE(fs::exists(at("k.pem")));
  EXPECT_EQ(run_pgverify({"keygen", at("e.pem"), "--passphrase-file", at("none")}).code, 2);
  EXPECT_EQ(run_pgverify({"keygen", at("e.pem")}, {"PGVERIFY_PASSPHRASE="}).code, 2) << "empty is no passphrase";
  EXPECT_FALSE(fs::exists(at("e.pem")));
}

TEST_F(SignedReportTest, PassphraseComesFromFileOrEnvironment) {
  tree.file("pass", "open sesame\n");
  tree.file("wrong", "close\n");
  ASSERT_EQ(run_pgverify({"keygen", at("k.pem")}, {"PGVERIFY_PASSPHRASE=open sesame"}).code, 0);
  const std::vector<std::string> sign = {at("a"), "--sign", at("k.pem"), "-o", at("r.json")};
  const auto with = [&](const std::string& file) {
    std::vector<std::string> all = sign;
    all.insert(all.end(), {"--passphrase-file", at(file)});
    return run_pgverify(all);
  };
  EXPECT_THAT(with("wrong").err, HasSubstr("wrong passphrase"));
  EXPECT_FALSE(fs::exists(at("r.json")));
  EXPECT_NE(with("pass").code, 2);
  EXPECT_TRUE(fs::exists(at("r.json")));
  EXPECT_NE(run_pgverify(sign, {"PGVERIFY_PASSPHRASE=open sesame"}).code, 2);
}

TEST_F(SignedReportTest, ExitCodesOfSigningAndCheckingAreTheVerdict) {
  const std::string report = signed_report();
  const Finished plain = run_pgverify({at("a"), "--format", "json"});
  const std::string verdict = payload_of(report)["predicate"]["report"]["verdict"];
  EXPECT_EQ(json::parse(plain.out)["verdict"], verdict);
  const std::vector<std::string> check = {"check-report", report, "--key", public_key("k"), "--folder", at("a")};
  const Finished checked = run_pgverify(check);
  EXPECT_EQ(checked.code, plain.code) << checked.out;
  EXPECT_NE(checked.code, 0) << "the little folder fails, and its report is signed all the same";
  EXPECT_THAT(checked.out, HasSubstr("ACCEPTED"));
  EXPECT_THAT(checked.out, HasSubstr("3 as signed"));
  EXPECT_EQ(run_pgverify({"check-report", report, "--key", public_key("k"), "--any-verdict"}).code, 0);
}

TEST_F(SignedReportTest, EveryFileOfTheFolderIsASubject) {
  tree.file("a/deep/er/x.bin", "x");
  tree.file("model.bin", "weights");
  const json statement =
      payload_of(signed_report({"--subject", at("model.bin"), "--verifier-id", "https://lab.example/v1"}));
  std::vector<std::string> names;
  for (const json& subject : statement["subject"]) names.push_back(subject["name"]);
  EXPECT_THAT(
      names, ::testing::ElementsAre("README.md", "deep/er/x.bin", "submission.json", "train_gpt.py", "a", "model.bin"));
  EXPECT_EQ(statement["predicate"]["verifier"]["id"], "https://lab.example/v1");
  EXPECT_FALSE(statement["predicate"]["report"].contains("run"));
  EXPECT_TRUE(statement["predicate"]["runDetails"].contains("host"));
  const std::vector<std::string> check = {"check-report", at("r.json"), "--key", public_key("k"), "--folder", at("a")};
  EXPECT_THAT(run_pgverify(check).out, HasSubstr("not compared: model.bin"));
  std::vector<std::string> with_model = check;
  with_model.insert(with_model.end(), {"--subject", at("model.bin")});
  EXPECT_THAT(run_pgverify(with_model).out, HasSubstr("5 as signed"));
}

TEST_F(SignedReportTest, ChangesAreRefusedWithExitFour) {
  const std::string report = signed_report();
  const std::vector<std::string> check = {"check-report", report, "--key", public_key("k"), "--folder", at("a")};
  tree.file("a/submission.json", "{}\n");
  const Finished changed = run_pgverify(check);
  EXPECT_EQ(changed.code, 4);
  EXPECT_THAT(changed.out, HasSubstr("REFUSED  subjects: submission.json is not the signed file"));
  key("stranger");
  EXPECT_EQ(run_pgverify({"check-report", report, "--key", public_key("stranger")}).code, 4);
  const std::string good = content(report);
  std::string bad = good;
  bad[20] = bad[20] == 'A' ? 'B' : 'A';
  tree.file("bad.json", bad);
  EXPECT_EQ(run_pgverify({"check-report", at("bad.json"), "--key", public_key("k")}).code, 4);
  tree.file("loose.json", json::parse(good).dump(2));
  EXPECT_EQ(run_pgverify({"check-report", at("loose.json"), "--key", public_key("k")}).code, 4);
  EXPECT_EQ(
      run_pgverify({"check-report", at("loose.json"), "--key", public_key("k"), "--relaxed", "--any-verdict"}).code, 0);
  tree.file("text.json", "not even JSON");
  EXPECT_EQ(run_pgverify({"check-report", at("text.json"), "--key", public_key("k")}).code, 4);
}

TEST_F(SignedReportTest, SecondVerifierSignsOnlyWhatItFindsToo) {
  const std::string report = signed_report(), second = key("second");
  EXPECT_EQ(run_pgverify({"sign", report, "--key", second}).code, 2) << "neither --folder nor --unchecked";
  ASSERT_EQ(run_pgverify({"sign", report, "--key", second, "--folder", at("a")}).code, 0);
  EXPECT_EQ(run_pgverify({"sign", report, "--key", second, "--folder", at("a")}).code, 2) << "signed already";
  std::vector<std::string> check = {"check-report", report, "--key", public_key("k"), "--key", public_key("second")};
  check.insert(check.end(), {"--threshold", "2", "--any-verdict"});
  EXPECT_EQ(run_pgverify(check).code, 0);
  tree.file("a/README.md", "# Another text\n");
  const Finished differs = run_pgverify({"sign", report, "--key", key("third"), "--folder", at("a")});
  EXPECT_EQ(differs.code, 4);
  EXPECT_THAT(differs.err, HasSubstr("gives another report"));
  EXPECT_EQ(run_pgverify({"sign", report, "--key", at("third.pem"), "--unchecked", "-o", at("three.json")}).code, 0);
  EXPECT_EQ(json::parse(content(at("three.json")))["signatures"].size(), 3u);
}

TEST_F(SignedReportTest, SecondVerifierGivesTheBaselinesOfTheReport) {
  const std::string example = PG_SOURCE_DIR "/submissions/2026-11-21_Example_PackedBaseline";
  const std::string report = signed_report({"--baseline", example}), second = key("second");
  const std::vector<std::string> sign = {"sign", report, "--key", second, "--folder", at("a")};
  const Finished without = run_pgverify(sign);
  EXPECT_EQ(without.code, 4);
  EXPECT_THAT(without.err,
              HasSubstr("made with 1 baseline (2026-11-21_Example_PackedBaseline), and --baseline is given "
                        "0 times"));
  std::vector<std::string> with = sign;
  with.insert(with.end(), {"--baseline", example});
  EXPECT_EQ(run_pgverify(with).code, 0) << run_pgverify(with).err;
  EXPECT_EQ(json::parse(content(report))["signatures"].size(), 2u);
  const Finished checked =
      run_pgverify({"check-report", report, "--key", public_key("k"), "--folder", at("a"), "--any-verdict"});
  EXPECT_EQ(checked.code, 0);
  EXPECT_THAT(checked.out, HasSubstr("baseline   2026-11-21_Example_PackedBaseline: its scores as they stand"));
  EXPECT_EQ(run_pgverify({"sign", report, "--key", second, "--unchecked", "--baseline", example}).code, 2);
}

TEST_F(SignedReportTest, ARenamedCopyDiffersInItsNameAndTheMessageSaysSo) {
  const std::string report = signed_report(), second = key("second");
  fs::copy(at("a"), at("copy"), fs::copy_options::recursive);
  const Finished renamed = run_pgverify({"sign", report, "--key", second, "--folder", at("copy")});
  EXPECT_EQ(renamed.code, 4);
  EXPECT_THAT(renamed.err, HasSubstr("subject.name is \"a\" in the report and \"copy\" here"));
}

TEST_F(SignedReportTest, AFileThatIsNoSubjectIsRefused) {
  tree.file("model.bin", "weights");
  tree.file("other.bin", "other weights");
  const std::string report = signed_report({"--subject", at("model.bin")});
  const auto check = [&](const std::string& file) {
    return run_pgverify({"check-report", report, "--key", public_key("k"), "--subject", at(file), "--any-verdict"});
  };
  const Finished good = check("model.bin");
  EXPECT_EQ(good.code, 0);
  EXPECT_THAT(good.out, HasSubstr("1 as signed, the folder's not compared"));
  const Finished stranger = check("other.bin");
  EXPECT_EQ(stranger.code, 4);
  EXPECT_THAT(stranger.out, HasSubstr("REFUSED  subjects: other.bin is not among the signed files"));
  tree.file("model.bin", "weights, changed");
  EXPECT_THAT(check("model.bin").out, HasSubstr("model.bin is not the signed file of this name"));
  const Finished with_folder = run_pgverify({"check-report", report, "--key", public_key("k"), "--folder", at("a"),
                                             "--subject", at("model.bin"), "--any-verdict"});
  EXPECT_EQ(with_folder.code, 4) << "the folder being right does not excuse the file";
}

TEST_F(SignedReportTest, TheSignedReportHasItsFileForItself) {
  const std::string report = signed_report(), k = at("k.pem"), out = at("r.html");
  const Finished page = run_pgverify({at("a"), "--sign", k, "-o", out, "--format", "html"});
  EXPECT_EQ(page.code, 2);
  EXPECT_THAT(page.err, HasSubstr("give --output-as html=OTHER_FILE"));
  const Finished both = run_pgverify({at("a"), "--sign", k, "-o", out, "--output-as", "html=" + out});
  EXPECT_EQ(both.code, 2);
  EXPECT_THAT(both.err, HasSubstr("both write to"));
  EXPECT_FALSE(fs::exists(out));
  EXPECT_EQ(run_pgverify({"export-pae", report, "-o", at("x"), "--signature", at("./x")}).code, 2);
}

TEST_F(SignedReportTest, TrustFileLimitsWhatAKeyIsGoodFor) {
  const std::string report = signed_report({"--verifier-id", "urn:lab:one"});
  const auto trust = [&](const std::string& verifier, const std::string& until) {
    const json file = {
        {"schema", "pgverify/trust/v1"},
        {"keys",
         {{{"name", "one"}, {"key", content(public_key("k"))}, {"verifiers", {verifier}}, {"not_after", until}}}}};
    tree.file("trust.json", file.dump());
    return run_pgverify({"check-report", report, "--trust", at("trust.json"), "--any-verdict"});
  };
  EXPECT_EQ(trust("urn:lab:one", "2999-01-01T00:00:00Z").code, 0);
  EXPECT_EQ(trust("urn:lab:two", "2999-01-01T00:00:00Z").code, 4);
  EXPECT_EQ(trust("urn:lab:one", "2001-01-01T00:00:00Z").code, 4);
  EXPECT_EQ(trust("urn:lab:one", "soon").code, 2) << "a broken trust file is not the report's fault";
  EXPECT_EQ(run_pgverify({"check-report", report}).code, 2) << "nobody to trust";
  EXPECT_EQ(run_pgverify({"check-report", report, "--key", public_key("k"), "--threshold", "2"}).code, 2);
}

TEST_F(SignedReportTest, UnknownPolicyIsRefusedUnlessItIsNamed) {
  const std::string original = content(fs::path(PG_SOURCE_DIR) / "verify/policy/practice-2026-04.json");
  std::string own = original;
  own.replace(own.find("practice-2026-04"), 16, "own");
  tree.file("own.json", own);
  const std::string report = signed_report({"--policy", at("own.json")});
  EXPECT_THAT(run_pgverify({"check-report", report, "--key", public_key("k")}).out, HasSubstr("REFUSED  policy"));
  EXPECT_EQ(
      run_pgverify({"check-report", report, "--key", public_key("k"), "--policy", at("own.json"), "--any-verdict"})
          .code,
      0);
}

TEST_F(SignedReportTest, SigningAsksForWhatItNeeds) {
  tree.submission("b");
  const std::string k = key("k");
  const std::vector<std::vector<std::string>> wrong = {
      {at("a"), "--sign", k},
      {at("a"), at("b"), "--sign", k, "-o", at("r.json")},
      {at("a"), "--sign", at("none.pem"), "-o", at("r.json")},
      {at("a"), "--sign", public_key("k"), "-o", at("r.json")},
      {at("a"), "--verifier-id", "urn:x"},
      {at("a"), "--sign", k, "-o", at("r.json"), "--verifier-id", "no uri"},
      {at("a"), "--sign", k, "-o", at("r.json"), "--subject", at("none")},
      {at("missing"), "--sign", k, "-o", at("r.json")}};
  for (const auto& arguments : wrong) {
    const Finished finished = run_pgverify(arguments);
    EXPECT_EQ(finished.code, 2);
    EXPECT_THAT(finished.err, Not(IsEmpty()));
    EXPECT_FALSE(fs::exists(at("r.json")));
  }
  ASSERT_EQ(run_pgverify({"keygen", at("p.pem"), "--type", "ecdsa-p256", "--no-passphrase"}).code, 0);
  EXPECT_THAT(run_pgverify({at("a"), "--sign", at("p.pem"), "-o", at("r.json")}).err, HasSubstr("--bundle"));
}

TEST_F(SignedReportTest, ExportedBytesAndSignatureBelongTogether) {
  const std::string report = signed_report();
  ASSERT_EQ(run_pgverify({"export-pae", report, "-o", at("r.pae"), "--signature", at("r.sig")}).code, 0);
  const auto public_half = PublicKey::from_pem(content(public_key("k")), "k");
  ASSERT_TRUE(public_half);
  EXPECT_TRUE(public_half->verify(content(at("r.pae")), content(at("r.sig"))));
  EXPECT_EQ(run_pgverify({"export-pae", report, "-o", at("x"), "--index", "2"}).code, 2);
  ASSERT_EQ(run_pgverify({"keygen", at("p.pem"), "--type", "ecdsa-p256", "--no-passphrase"}).code, 0);
  ASSERT_EQ(run_pgverify({"sign", report, "--key", at("p.pem"), "--folder", at("a"), "--bundle", at("b.json")}).code,
            0);
  ASSERT_EQ(run_pgverify({"export-pae", at("b.json"), "-o", at("b.pae"), "--signature", at("b.sig")}).code, 0);
  EXPECT_EQ(content(at("b.pae")), content(at("r.pae")));
  const auto p256 = PublicKey::from_pem(content(public_key("p")), "p");
  ASSERT_TRUE(p256);
  EXPECT_TRUE(p256->verify(content(at("b.pae")), content(at("b.sig"))));
}

TEST_F(SignedReportTest, DerivedStatementsAreSignedButAreNoReports) {
  const std::string svr = signed_report({"--statement", "svr"});
  EXPECT_EQ(payload_of(svr)["predicateType"], "https://in-toto.io/attestation/svr/v0.2");
  EXPECT_THAT(run_pgverify({"check-report", svr, "--key", public_key("k")}).out, HasSubstr("REFUSED  predicateType"));
}

TEST(VerifierId, IsAUri) {
  for (const char* good : {"urn:a", "https://x.example/y"}) EXPECT_TRUE(is_uri(good)) << good;
  for (const char* bad : {"", "a", ":a", "a:", "1a:b", "a b:c", "urn:a b", "urn:\n"}) EXPECT_FALSE(is_uri(bad)) << bad;
}

}  // namespace
}  // namespace pg::verify

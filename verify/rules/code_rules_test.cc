#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/base/sha256.h"
#include "verify/rules/code_embedded.h"
#include "verify/rules/code_entry.h"
#include "verify/rules/code_logged.h"
#include "verify/rules/code_opaque.h"
#include "verify/rules/sample_submission.h"
#include "verify/submission/pack_sample.h"
#include "verify/submission/reach.h"

namespace pg::verify {
namespace {

using testing::HasSubstr;

using Files = std::vector<std::pair<std::string, std::string>>;

Submission sample(Files files, std::vector<SampleRun> runs = sample_runs()) {
  Submission s = sample_submission(runs, R"({"val_bpb": 1.0810})");
  std::sort(files.begin(), files.end());
  for (const auto& [path, content] : files) {
    s.folder.files.push_back({path, content.size(), {}});
    if (path.ends_with(".py")) s.code.push_back(unpack_code(path, content));
  }
  resolve_code(s);
  return s;
}

std::vector<SampleRun> counting(std::size_t bytes) {
  auto runs = sample_runs();
  for (SampleRun& run : runs) run.code = static_cast<std::int64_t>(bytes);
  return runs;
}

std::string script(int lines, const std::string& extra = {}) {
  std::string text = "import torch\n";
  for (int i = 0; i < lines; ++i) text += "value_" + std::to_string(i) + " = " + std::to_string(i * 17) + "\n";
  return text + extra;
}

// Puts `text` into every claimed log as the source that ran.
void embed(Submission& s, const std::string& text) {
  for (LogFile& log : s.logs) log.runs.back().source = EmbeddedSource{1, 9, text.size(), sha256_hex(text), text};
}

TEST(CodeLogged, ComparesTheCountedBytesWithTheShippedScript) {
  const std::string code = script(100);
  EXPECT_EQ(run_rule(kRuleCodeLogged, sample({{"train_gpt.py", code}}, counting(code.size())))[0].verdict,
            Verdict::pass);
  const auto results = run_rule(kRuleCodeLogged, sample({{"train_gpt.py", code}}, counting(code.size() - 36)));
  ASSERT_EQ(results.size(), 1u) << "one size, one message";
  EXPECT_EQ(results[0].severity, Severity::warning);
  EXPECT_THAT(results[0].message, HasSubstr("(+36)"));
  EXPECT_EQ(results[0].evidence.size(), 4u);
}

TEST(CodeLogged, DoesNotComparePackedSizesWithThePlainFile) {
  const std::string code = script(100);
  auto runs = counting(300);
  for (SampleRun& run : runs)
    run.extra =
        "Code size (uncompressed): " + std::to_string(code.size()) + " bytes\nCode size (compressed): 300 bytes\n";
  EXPECT_EQ(run_rule(kRuleCodeLogged, sample({{"train_gpt.py", code}}, runs))[0].verdict, Verdict::pass);
  runs[1].extra =
      "Code size (uncompressed): " + std::to_string(code.size()) + " bytes\nCode size (compressed): 330 bytes\n";
  const auto r = run_rule(kRuleCodeLogged, sample({{"train_gpt.py", code}}, runs))[0];
  EXPECT_THAT(r.message, HasSubstr("2 different packed code sizes, 300 to 330"));
}

TEST(CodeLogged, FollowsAShimToTheScriptThatCounts) {
  const std::string code = script(100);
  EXPECT_EQ(run_rule(kRuleCodeLogged, sample({{"real.py", code}, {"train_gpt.py", "exec(open('real.py').read())"}},
                                             counting(code.size())))[0]
                .verdict,
            Verdict::pass);
}

TEST(CodeLogged, DoesNotApplyWithoutScriptOrSizes) {
  EXPECT_EQ(run_rule(kRuleCodeLogged, sample({}))[0].verdict, Verdict::not_applicable);
  EXPECT_EQ(run_rule(kRuleCodeLogged, sample({{"train_gpt.py", "x"}}, {}))[0].verdict, Verdict::not_applicable);
}

TEST(CodeEmbedded, IgnoresOneNewlineAtTheEnd) {
  const std::string code = script(100);
  Submission s = sample({{"train_gpt.py", code}}, counting(code.size()));
  embed(s, code.substr(0, code.size() - 1));
  EXPECT_EQ(run_rule(kRuleCodeEmbedded, s)[0].verdict, Verdict::pass);
}

TEST(CodeEmbedded, WarnsOfSmallEditsAndSaysWhere) {
  const std::string code = script(100), ran = script(99, "changed = 1\n");
  Submission s = sample({{"train_gpt.py", code}}, counting(ran.size()));
  embed(s, ran);
  const auto results = run_rule(kRuleCodeEmbedded, s);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].severity, Severity::warning);
  EXPECT_THAT(results[0].message, HasSubstr("each of 3 claimed logs"));
  EXPECT_THAT(results[0].message, HasSubstr("1 line differs, the first at line 101"));
  EXPECT_EQ(results[0].evidence[0].text, "changed = 1");
}

TEST(CodeEmbedded, FailsWhereAnotherScriptRan) {
  std::string other;
  for (int i = 0; i < 10; ++i) other += "layer = Linear(" + std::to_string(i) + ")\n";
  const std::string ran = script(100, other);
  Submission s = sample({{"train_gpt.py", script(100)}}, counting(ran.size()));
  embed(s, ran);
  const auto r = run_rule(kRuleCodeEmbedded, s)[0];
  EXPECT_EQ(r.severity, Severity::error);
  EXPECT_THAT(r.message, HasSubstr("of the 111 lines that ran 10 are not in"));
  // What the file has in addition does not make it another script.
  Submission more = sample({{"train_gpt.py", script(100, other)}}, counting(script(100).size()));
  embed(more, script(100));
  EXPECT_EQ(run_rule(kRuleCodeEmbedded, more)[0].severity, Severity::warning);
}

TEST(CodeEmbedded, FailsWhereNeitherTheCopyNorTheFileHasTheCountedSize) {
  const std::string code = script(300), ran = script(300, "x = 1\n");
  Submission s = sample({{"train_gpt.py", code}}, counting(code.size() * 105 / 100));
  embed(s, ran);
  EXPECT_EQ(run_rule(kRuleCodeEmbedded, s)[0].severity, Severity::error);
  Submission fits = sample({{"train_gpt.py", code}}, counting(code.size()));
  embed(fits, script(300, std::string(500, 'x') + "\n"));
  EXPECT_EQ(run_rule(kRuleCodeEmbedded, fits)[0].severity, Severity::warning) << "the shipped script can be what ran";
}

TEST(CodeEmbedded, TakesACopyWithoutItsStartForAPart) {
  const std::string code = script(300);
  Submission s = sample({{"train_gpt.py", code}}, counting(code.size()));
  embed(s, code.substr(code.find("value_60")));
  const auto r = run_rule(kRuleCodeEmbedded, s)[0];
  EXPECT_EQ(r.severity, Severity::info);
  EXPECT_THAT(r.message, HasSubstr("only part"));
}

TEST(CodeEmbedded, ComparesAPackedScriptAsItsWrapper) {
  const std::string wrapper = xz_wrapper(sample_script());
  Submission s = sample({{"train_gpt.py", wrapper}}, counting(wrapper.size()));
  embed(s, wrapper);
  EXPECT_EQ(run_rule(kRuleCodeEmbedded, s)[0].verdict, Verdict::pass);
  EXPECT_EQ(run_rule(kRuleCodeEmbedded, sample({{"train_gpt.py", wrapper}}))[0].verdict, Verdict::not_applicable);
}

TEST(CodeOpaque, ShowsWhatWasUnwrapped) {
  const auto r = run_rule(kRuleCodeOpaque, sample({{"train_gpt.py", xz_wrapper(sample_script())}}))[0];
  EXPECT_EQ(r.verdict, Verdict::pass);
  EXPECT_THAT(r.message, HasSubstr("(lzma+b85)"));
  EXPECT_EQ(r.evidence[0].line, 2u);
}

TEST(CodeOpaque, IsUndecidedWhereTheEntryOrWhatItReachesCannotBeRead) {
  std::string broken = xz_wrapper(sample_script());
  broken.replace(120, 4, "0000");
  const auto r = run_rule(kRuleCodeOpaque, sample({{"train_gpt.py", broken}}))[0];
  EXPECT_EQ(r.verdict, Verdict::inconclusive);
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_THAT(r.message, HasSubstr("line 2"));
  EXPECT_EQ(run_rule(kRuleCodeOpaque, sample({{"helper.py", broken}, {"train_gpt.py", "import helper"}}))[0].verdict,
            Verdict::inconclusive);
  EXPECT_EQ(run_rule(kRuleCodeOpaque, sample({{"prepare.py", broken}, {"train_gpt.py", "import torch"}}))[0].verdict,
            Verdict::pass)
      << "nobody runs it";
  EXPECT_EQ(run_rule(kRuleCodeOpaque, sample({{"train_gpt.py", ""}}))[0].verdict, Verdict::not_applicable)
      << "PG-FILES' business";
}

TEST(CodeEntry, WantsTrainGptWithTheCodeInIt) {
  EXPECT_EQ(run_rule(kRuleCodeEntry, sample({{"train_gpt.py", script(5)}}))[0].verdict, Verdict::pass);
  const auto shim = run_rule(kRuleCodeEntry,
                             sample({{"train_gpt.py", "exec(open(__file__.replace('train_gpt.py','real.py')).read())"},
                                     {"real.py", script(50)}}));
  ASSERT_EQ(shim.size(), 1u);
  EXPECT_EQ(shim[0].severity, Severity::warning);
  EXPECT_THAT(shim[0].message, HasSubstr("only runs real.py"));
  EXPECT_THAT(
      run_rule(kRuleCodeEntry, sample({{"train_gpt.py", "import runpy\nrunpy.run_path('gone.py')"}}))[0].message,
      HasSubstr("not in the folder"));
  EXPECT_THAT(run_rule(kRuleCodeEntry, sample({{"train_v5.py", script(5)}}))[0].message, HasSubstr("the only script"));
}

TEST(CodeEntry, SaysWhereTheClaimRanAnotherScript) {
  const std::string gdn = script(80);
  const auto r =
      run_rule(kRuleCodeEntry, sample({{"train_gpt.py", script(5)}, {"train_gdn.py", gdn}}, counting(gdn.size())))[0];
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_THAT(r.message, HasSubstr("the claim ran train_gdn.py, not train_gpt.py"));
  EXPECT_EQ(r.evidence.size(), 2u);
}

}  // namespace
}  // namespace pg::verify

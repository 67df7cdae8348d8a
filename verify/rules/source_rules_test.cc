// Rules about the source, on small scripts: each violation beside its legal look-alike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/bytes_table.h"
#include "verify/rules/c1_choice.h"
#include "verify/rules/c1_kernel.h"
#include "verify/rules/c2_blend.h"
#include "verify/rules/c2_floor.h"
#include "verify/rules/c3_adapt.h"
#include "verify/rules/c4_passes.h"
#include "verify/rules/data_late.h"
#include "verify/rules/data_overlap.h"
#include "verify/rules/data_payload.h"
#include "verify/rules/sample_script.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SourceRules, LearningOnValidationTokensBeforeTheScoreFails) {
  const Submission s = script(kAdapt + kMain);
  const auto found = failures(kRuleC3Adapt, s);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].severity, Severity::error);
  ASSERT_EQ(found[0].evidence.size(), 3u);  // the gradient, the call, the score behind it
  EXPECT_THAT(found[0].evidence[0].text, HasSubstr("loss.backward()"));
  EXPECT_THAT(found[0].evidence[2].text, HasSubstr("evaluate(model"));
  EXPECT_EQ(found[0].evidence[0].file, "train_gpt.py");
}

TEST(SourceRules, CodeThatTheRunSwitchedOffDoesNotCount) {
  SampleRun run;
  run.extra = "";
  Submission s = script(kAdapt + kMain, {run});
  s.logs[0].runs.back().hyperparameters["ttt"] = {std::string("0"), 1};
  EXPECT_EQ(verdict(kRuleC3Adapt, s), "none");
  s.logs[0].runs.back().hyperparameters["ttt"] = {std::string("1"), 1};
  EXPECT_EQ(verdict(kRuleC3Adapt, s), "error");
}

TEST(SourceRules, TrainingOnTrainingTokensIsNoViolation) {
  std::string main = kMain;
  main.replace(main.find("adapt(args, model, val_tokens)"), 30, "adapt(args, model, load(args.train_files))");
  EXPECT_EQ(verdict(kRuleC3Adapt, script(kAdapt + main)), "none");
}

const std::string kScoreFirst = R"(
def evaluate_ttt(args, model, tokens, base_bytes):
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    loss_sum = 0.0
    bytes_sum = 0.0
    for start in range(0, tokens.numel() - 1, 1024):
        x = tokens[start:start + 1024]
        y = tokens[start + 1:start + 1025]
        with torch.no_grad():
            nll = F.cross_entropy(model(x), y, reduction="none")
        loss_sum += nll.sum()
        bytes_sum += base_bytes[y].sum()
        for epoch in range(args.epochs):
            loss = model(x, y)
            loss.backward()
            opt.step()
    return loss_sum / bytes_sum
)";
TEST(SourceRules, ScoreFirstLearningIsNoViolationWhateverItsEpochs) {
  const Submission s = script(kScoreFirst + main_with("val_bpb = evaluate_ttt(args, model, val_tokens, lut)\n"));
  EXPECT_THAT(failures(kRuleC3Adapt, s), IsEmpty());
  EXPECT_THAT(failures(kRuleC4Passes, s), IsEmpty());
  const auto results = kRuleC3Adapt.check(s, Policy{});
  EXPECT_EQ(results[0].verdict, Verdict::inconclusive);  // reading alone never passes
  EXPECT_EQ(results[0].severity, Severity::info);
}

TEST(SourceRules, EpochsAroundScoringAndLearningFail) {
  const std::string body = R"(
def evaluate_ttt(args, model, tokens, base_bytes):
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    loss_sum = 0.0
    for epoch in range(args.epochs):
        for start in range(0, tokens.numel() - 1, 1024):
            x = tokens[start:start + 1024]
            y = tokens[start + 1:start + 1025]
            nll = F.cross_entropy(model(x), y, reduction="none")
            if epoch == args.epochs - 1:
                loss_sum += nll.sum()
            nll.mean().backward()
            opt.step()
    return loss_sum
)" + main_with("val_loss = evaluate_ttt(args, model, val_tokens, lut)\n");
  EXPECT_EQ(verdict(kRuleC4Passes, script(body)), "error");
  std::string once = body;
  once.replace(once.find("range(args.epochs)"), 18, "range(1)");
  EXPECT_EQ(verdict(kRuleC4Passes, script(once)), "none");
}

TEST(SourceRules, TheClaimedSecondScoreBehindLearningFails) {
  const std::string calls =
      "first = evaluate_ttt(args, model, val_tokens, lut)\nprint(f'first_pass val_bpb:{first}')\n"
      "second = evaluate(model, val_tokens, lut)\nprint(f'second_pass val_loss:1 val_bpb:{second}')\n";
  SampleRun run;
  run.metric = "second_pass";
  EXPECT_EQ(verdict(kRuleC4Passes, script(kScoreFirst + main_with(calls), {run})), "error");
  run.metric = "first_pass";
  EXPECT_EQ(verdict(kRuleC4Passes, script(kScoreFirst + main_with(calls), {run})), "none");
}

// The rest of a scorer whose loss comes from `lines`.
std::string scorer(const std::string& lines) {
  return "\ndef score(model, tokens, counts, totals):\n    loss_sum = 0.0\n"
         "    for start in range(0, tokens.numel() - 1, 1024):\n        x = tokens[start:start + 1024]\n"
         "        y = tokens[start + 1:start + 1025]\n        probs = torch.softmax(model(x), dim=-1)\n" +
         lines + "        loss_sum += nll.sum()\n    return loss_sum\n" +
         main_with("val_loss = score(model, val_tokens, torch.zeros(4096), torch.zeros(4096))\n");
}

TEST(SourceRules, ATableAskedForTheTargetAloneFails) {
  const std::string blend =
      "        p = probs.gather(-1, y.unsqueeze(-1)).squeeze(-1)\n        key = (x * 31 + y) % 4096\n"
      "        q = counts[key] / totals[x]\n        mixed = 0.7 * p + 0.3 * q\n"
      "        nll = -torch.log(mixed)\n";
  const auto found = failures(kRuleC2Blend, script(scorer(blend)));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].severity, Severity::error);
  EXPECT_THAT(found[0].evidence.front().text, HasSubstr("counts[key]"));
}

TEST(SourceRules, ATableMixedOverTheVocabularyIsNoViolation) {
  const std::string whole =
      "        q = counts[x]\n        mixed = 0.7 * probs + 0.3 * q\n"
      "        nll = -mixed.gather(-1, y.unsqueeze(-1)).squeeze(-1).log()\n";
  EXPECT_EQ(verdict(kRuleC2Blend, script(scorer(whole))), "none");
}

TEST(SourceRules, HashedInputEmbeddingsAreNoViolation) {
  const std::string hashed =
      "        h = counts[(x * 31) % 4096] + model(x)\n"
      "        nll = F.cross_entropy(h, y, reduction='none')\n";
  EXPECT_EQ(verdict(kRuleC2Blend, script(scorer(hashed))), "none");
}

TEST(SourceRules, TheSmallerOfTwoScoresFails) {
  const std::string lines =
      "        a = F.cross_entropy(model(x), y, reduction='none')\n"
      "        b = F.cross_entropy(model(x) * 2, y, reduction='none')\n";
  EXPECT_EQ(verdict(kRuleC1Choice, script(scorer(lines + "        nll = torch.minimum(a, b)\n"))), "error");
  EXPECT_EQ(verdict(kRuleC1Choice, script(scorer(lines + "        nll = 0.5 * a + 0.5 * b\n"))), "none");
}

TEST(SourceRules, AnswersFromAFileFail) {
  const std::string lines =
      "        prefix = torch.frombuffer(open('prefix.blob', 'rb').read(), dtype=torch.int16)\n"
      "        nll = F.cross_entropy(model(x), y, reduction='none')\n"
      "        nll[prefix[start:start + 1024] == y] = 0\n";
  EXPECT_EQ(verdict(kRuleDataPayload, script(scorer(lines))), "error");
}

TEST(SourceRules, ALocalParameterThatFitsItsOwnTokensIsAWarning) {
  const std::string lines =
      "        delta = torch.zeros(1024, requires_grad=True)\n"
      "        opt = torch.optim.SGD([delta], lr=0.1)\n"
      "        loss = F.cross_entropy(model(x) + delta, y)\n        loss.backward()\n        opt.step()\n"
      "        nll = F.cross_entropy(model(x) + delta, y, reduction='none')\n";
  EXPECT_EQ(verdict(kRuleC3Adapt, script(scorer(lines))), "warning");
}

const std::string kTraining = R"(
args = Args()
model = torch.load("model.pt")
tokens = load(args.train_files)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(1000):
    loss = model(tokens[step:step + 1024], tokens[step + 1:step + 1025])
    loss.backward()
    opt.step()
)";
const std::string kCalibration = "for i in range(8):\n    model(tokens[i:i + 1024])\n";

TEST(SourceRules, TrainingDataBehindAUsedUpLimitFails) {
  SampleRun late, reserved;
  late.train_ms = 600'042;
  EXPECT_EQ(verdict(kRuleDataLate, script(kTraining + kCalibration, {late})), "error");
  EXPECT_EQ(verdict(kRuleDataLate, script(kTraining + kCalibration, {reserved})), "info");
  EXPECT_EQ(verdict(kRuleDataLate, script(kTraining + kCalibration)), "warning");  // no log
  EXPECT_EQ(verdict(kRuleDataLate, script(kTraining, {late})), "none");
}

TEST(SourceRules, TheSpaceCountedTwiceFails) {
  const auto with = [](const std::string& entry) {
    return script(
        "\ndef table(sp):\n    base_bytes = [0] * 1024\n    for i in range(1024):\n"
        "        piece = sp.id_to_piece(i)\n        base_bytes[i] = " +
        entry + "\n    return base_bytes\nluts = table(None)\n" +
        scorer("        tb = counts[y]\n        tb += (totals[y] & ~counts[x])\n"
               "        nll = F.cross_entropy(model(x), y, reduction='none')\n"));
  };
  EXPECT_EQ(verdict(kRuleBytesTable, with("len(piece[1:].encode('utf-8')) + 1")), "error");
  EXPECT_EQ(verdict(kRuleBytesTable, with("len(piece[1:].encode('utf-8'))")), "none");
}

TEST(SourceRules, AConstantInsteadOfCountedBytesFails) {
  const std::string body = main_with("loss = F.cross_entropy(model(val_tokens[:-1]), val_tokens[1:])\n");
  EXPECT_EQ(verdict(kRuleBytesConstant, script(body + "val_bpb = loss / math.log(2) / 2.75\n")), "error");
  EXPECT_EQ(verdict(kRuleBytesConstant, script(body + "n = torch.zeros(1)\nval_bpb = loss / math.log(2) / n\n")),
            "none");
}

Submission kernel(const std::string& flag, std::string beta) {
  SampleRun run;
  Submission s = script("\nprint(1)\n", {run});
  s.code.push_back(
      unpack_code("k.cpp",
                  "void f(const int* tokens, int* hints, const char* lut, int n) {\n"
                  "  for (int i = 0; i < n; ++i) {\n    int tok = tokens[i];\n    int prev = tokens[i - 1];\n"
                  "    bool word = lut[" +
                      flag +
                      "];\n    if (word) {\n      hints[i] = within_hint();\n    }\n"
                      "    update(tok, word);\n  }\n}\n"));
  s.reachable = {"k.cpp"};
  if (!beta.empty()) s.logs[0].runs.back().hyperparameters["ngram_hints_beta"] = {std::move(beta), 7};
  return s;
}

TEST(SourceRules, AKernelThatSeesTheTargetFailsWhereItWasOn) {
  EXPECT_EQ(verdict(kRuleC1Kernel, kernel("tok", "0.92")), "error");
  EXPECT_EQ(verdict(kRuleC1Kernel, kernel("tok", "")), "warning");
  EXPECT_EQ(verdict(kRuleC1Kernel, kernel("tok", "0.0")), "none");
  EXPECT_EQ(verdict(kRuleC1Kernel, kernel("prev", "0.92")), "none");
}

TEST(SourceRules, ImpossibleScoresFailAndStrangeOnesWarn) {
  const auto with = [](const char* bpb) {
    SampleRun run;
    run.val_bpb = bpb;
    return sample_submission({run});
  };
  EXPECT_EQ(verdict(kRuleC2Floor, with("0.0274")), "error");
  EXPECT_EQ(verdict(kRuleC2Floor, with("0.7500")), "warning");
  EXPECT_EQ(verdict(kRuleC2Floor, with("1.0611")), "none");
}

TEST(SourceRules, TrainingShardsOfALocalBuildFail) {
  const auto with = [](const char* shards) {
    SampleRun run;
    run.extra = std::string("train_shards: ") + shards + "\n";
    return sample_submission({run});
  };
  EXPECT_EQ(verdict(kRuleDataOverlap, with("1499")), "error");
  EXPECT_EQ(verdict(kRuleDataOverlap, with("80")), "none");
  EXPECT_EQ(kRuleDataOverlap.check(sample_submission({SampleRun()}), Policy{})[0].verdict, Verdict::not_applicable);
}

TEST(SourceRules, AScriptThatCannotBeReadIsAWarningAndNoPass) {
  Submission s = sample_submission({});
  CodeFile code;
  code.path = "train_gpt.py";
  code.opaque = "unknown codec";
  s.code.push_back(code);
  s.entry = 0;
  const auto results = kRuleC3Adapt.check(s, Policy{});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].verdict, Verdict::inconclusive);
  EXPECT_EQ(results[0].severity, Severity::warning);
  EXPECT_THAT(results[0].message, HasSubstr("unknown codec"));
}

}  // namespace
}  // namespace pg::verify

// What of a source counts: the claimed evaluation, what ran, where values come from. Each beside its look-alike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/c1_choice.h"
#include "verify/rules/c1_smear.h"
#include "verify/rules/c2_blend.h"
#include "verify/rules/c3_adapt.h"
#include "verify/rules/c4_passes.h"
#include "verify/rules/data_network.h"
#include "verify/rules/data_subset.h"
#include "verify/rules/data_targets.h"
#include "verify/rules/sample_script.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;

std::string second_scorer(const std::string& lines) {
  return "\ndef score(model, tokens, counts, totals):\n    loss_sum = 0.0\n"
         "    for start in range(0, tokens.numel() - 1, 1024):\n        x = tokens[start:start + 1024]\n"
         "        y = tokens[start + 1:start + 1025]\n        probs = torch.softmax(model(x), dim=-1)\n" +
         lines + "        loss_sum += nll.sum()\n    return loss_sum\n";
}
const std::string kBlend =
    "        p = probs.gather(-1, y.unsqueeze(-1)).squeeze(-1)\n        key = (x * 31 + y) % 4096\n"
    "        q = counts[key] / totals[x]\n        nll = -torch.log(0.7 * p + 0.3 * q)\n";

SampleRun claims(const std::string& metric) {
  SampleRun run;
  run.metric = metric;
  return run;
}

TEST(SourceReach, AViolationBesideTheClaimedScoreIsAWarning) {
  const std::string body = second_scorer(kBlend) + main_with(
                                                       "plain = evaluate(model, val_tokens, lut)\n"
                                                       "print(f'plain_eval val_loss:{plain} val_bpb:{plain}')\n"
                                                       "mixed = score(model, val_tokens, lut, lut)\n"
                                                       "print(f'mixed_eval val_loss:{mixed} val_bpb:{mixed}')\n");
  EXPECT_EQ(verdict(kRuleC2Blend, script(body, {claims("mixed_eval")})), "error");
  const auto found = failures(kRuleC2Blend, script(body, {claims("plain_eval")}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].severity, Severity::warning);
  EXPECT_THAT(found[0].message, HasSubstr("beside the claim"));
}

TEST(SourceReach, LearningBehindTheClaimedScoreIsAWarning) {
  const std::string body = kAdapt + main_with(
                                        "first = evaluate(model, val_tokens, lut)\n"
                                        "print(f'before_ttt val_loss:{first} val_bpb:{first}')\n"
                                        "adapt(args, model, val_tokens)\n"
                                        "second = evaluate(model, val_tokens, lut)\n"
                                        "print(f'after_ttt val_loss:{second} val_bpb:{second}')\n");
  EXPECT_EQ(verdict(kRuleC3Adapt, script(body, {claims("before_ttt")})), "warning");
  EXPECT_EQ(verdict(kRuleC3Adapt, script(body, {claims("after_ttt")})), "error");
}

TEST(SourceReach, WhereNothingIsClaimedItIsAWarning) {
  Submission s = script(kAdapt + kMain);
  EXPECT_EQ(verdict(kRuleC3Adapt, s), "error");
  s.metadata = {};
  const auto found = failures(kRuleC3Adapt, s);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].severity, Severity::warning);
  EXPECT_THAT(found[0].message, HasSubstr("claims no score"));
}

TEST(SourceReach, ALineOfTheLogShowsWhatRanOnlyIfItsWholeHeadIsThere) {
  const auto body = [](const std::string& inside) {
    return kAdapt +
           "\nargs = Args()\nmodel = torch.load('model.pt')\nval_tokens = load(args.val_files)\n"
           "lut = torch.zeros(1024)\nif os.environ.get('EXTRA', '0') == '1':\n    adapt(args, model, "
           "val_tokens)\n    val = evaluate(model, val_tokens, lut)\n    print(f'" +
           inside + "{val}')\n";
  };
  EXPECT_EQ(verdict(kRuleC3Adapt, script(body("chained_eval val_loss:1 val_bpb:"), {claims("other_eval")})), "none");
  SampleRun ran = claims("chained_eval");
  ran.val_loss = "1";
  EXPECT_EQ(verdict(kRuleC3Adapt, script(body("chained_eval val_loss:"), {ran})), "error");
  EXPECT_EQ(verdict(kRuleC3Adapt, script(body("chained_eval:phase1 "), {ran})), "none");
}

TEST(SourceReach, ADispatcherIsFollowedForTheFunctionItWasHanded) {
  const std::string body =
      kAdapt + R"(
def timed(label, fn, *rest):
    value = fn(*rest)
    print(f"{label} {value}")
    return value
)" +
      main_with(
          "timed('plain', evaluate, model, val_tokens, lut)\nfresh = torch.load('model.pt')\n"
          "train_tokens = load(args.train_files)\ntimed('train', adapt, args, fresh, train_tokens)\n");
  EXPECT_EQ(verdict(kRuleC3Adapt, script(body)), "none");
}

TEST(SourceReach, ADictionaryGivesWhatStandsUnderTheKey) {
  const std::string body = kAdapt + R"(
conf = {"val": "fineweb_val_*.bin", "train": "fineweb_train_*.bin"}
args = Args()
model = torch.load("model.pt")
lut = torch.zeros(1024)
)";
  const std::string score = "val_bpb = evaluate(model, load_one(conf['val']), lut)\n";
  const std::string load = "def load_one(pattern):\n    return torch.from_numpy(np.fromfile(pattern))\n";
  EXPECT_EQ(verdict(kRuleC3Adapt, script(load + body +
                                         "adapt(args, model, torch.from_numpy(np.fromfile("
                                         "conf['train'])))\n" +
                                         score)),
            "none");
  EXPECT_EQ(verdict(kRuleC3Adapt, script(load + body +
                                         "adapt(args, model, torch.from_numpy(np.fromfile("
                                         "conf['val'])))\n" +
                                         score)),
            "error");
}

// Calibration under hooks, over a loader whose class serves both splits.
std::string calibration(const std::string& pattern, const std::string& guard = "") {
  return R"(
class Loader:
    def __init__(self, pattern):
        self.tokens = load(pattern)
    def next_batch(self):
        return self.tokens[:1024], self.tokens[1:1025]
def collect(model, loader):
    stats = {}
    for module in model.modules():
        module.register_forward_hook(lambda m, i, o: stats.update(h=i))
    for _ in range(4):
        x, y = loader.next_batch()
        model(x, y)
    return stats
)" + main_with("train_loader = Loader(args.train_files)\nval_loader = Loader(args.val_files)\n" +
               (guard.empty() ? std::string() : "loader = train_loader\nif " + guard + ":\n    loader = val_loader\n") +
               "stats = collect(model, " + (guard.empty() ? "Loader(" + pattern + ")" : "loader") +
               ")\nval_bpb = evaluate(model, val_tokens, lut)\n");
}

TEST(SourceReach, CalibrationIsJudgedByTheSplitItsLoaderWasMadeOf) {
  EXPECT_EQ(verdict(kRuleC3Adapt, script(calibration("args.val_files"))), "error");
  EXPECT_EQ(verdict(kRuleC3Adapt, script(calibration("args.train_files"))), "none");
}

TEST(SourceReach, WhatASwitchedOffBranchAssignsIsNotHeld) {
  EXPECT_EQ(verdict(kRuleC3Adapt, script(calibration("", "os.environ.get('CALIB_VAL', '0') == '1'"))), "none");
}

TEST(SourceReach, TheBestOfSeveralPassesBreaksC4AndIsNoChoiceBetweenScorers) {
  const std::string passes = R"(
def score(model, tokens):
    best = torch.full((tokens.numel(),), 1e9)
    for epoch in range(3):
        for start in range(0, tokens.numel() - 1, 1024):
            x = tokens[start:start + 1024]
            y = tokens[start + 1:start + 1025]
            nll = F.cross_entropy(model(x), y, reduction="none")
            best[start:start + 1024] = torch.minimum(best[start:start + 1024], nll)
    return best.sum()
)" + main_with("val_loss = score(model, val_tokens)\n");
  EXPECT_EQ(verdict(kRuleC4Passes, script(passes)), "error");
  EXPECT_EQ(verdict(kRuleC1Choice, script(passes)), "none");
}

TEST(SourceReach, ProbabilitiesStoredAndScoredAgainBreakC4) {
  const auto body = [](const std::string& second) {
    return "\ndef score(model, tokens, counts):\n    loss_sum = 0.0\n    again = 0.0\n    stored = []\n"
           "    for start in range(0, tokens.numel() - 1, 1024):\n        x = tokens[start:start + 1024]\n"
           "        y = tokens[start + 1:start + 1025]\n        probs = torch.softmax(model(x), dim=-1)\n"
           "        p = probs.gather(-1, y.unsqueeze(-1)).squeeze(-1)\n        loss_sum += -torch.log(p).sum()\n"
           "        stored.append((x, y, p))\n        counts[x * 31 + y] += 1\n" +
           second + "    return loss_sum + again\n" + main_with("val_loss = score(model, val_tokens, lut)\n");
  };
  EXPECT_EQ(verdict(kRuleC4Passes, script(body("    for (x, y, p) in stored:\n"
                                               "        mixed = 0.7 * p + 0.3 * counts[x * 31 + y]\n"
                                               "        again += -torch.log(mixed).sum()\n"))),
            "error");
  EXPECT_EQ(verdict(kRuleC4Passes, script(body("    for (x, y, p) in stored:\n        print(p.mean())\n"))), "none");
}

TEST(SourceReach, ClippingCountsIsNoChoiceBetweenScores) {
  const std::string clip =
      "        key = (x * 31 + y) % 4096\n        full = np.minimum(counts[key], totals[x])\n"
      "        nll = F.cross_entropy(model(x), y, reduction='none')\n";
  EXPECT_EQ(verdict(kRuleC1Choice, script(second_scorer(clip) + main_with("v = score(model, val_tokens, lut, lut)\n"))),
            "none");
}

TEST(SourceReach, AScriptsOwnLogFunctionTakesNoLogarithm) {
  const std::string body = "\ndef log(message):\n    print(message)\n" +
                           second_scorer(
                               "        p = probs.gather(-1, y.unsqueeze(-1)).squeeze(-1)\n"
                               "        q = counts[(x * 31 + y) % 4096]\n"
                               "        log(0.7 * p + 0.3 * q)\n"
                               "        nll = F.cross_entropy(model(x), y, reduction='none')\n") +
                           main_with("v = score(model, val_tokens, lut, lut)\n");
  EXPECT_EQ(verdict(kRuleC2Blend, script(body)), "none");
}

TEST(SourceReach, AMixtureOfLogarithmsIsFoundThroughItsStabiliser) {
  const std::string lines =
      "        a = torch.log(probs.gather(-1, y.unsqueeze(-1)).squeeze(-1)) + math.log(0.7)\n"
      "        b = torch.log(counts[(x * 31 + y) % 4096]) + math.log(0.3)\n"
      "        top = torch.maximum(a, b)\n"
      "        nll = -(top + torch.log(torch.exp(a - top) + torch.exp(b - top)))\n";
  EXPECT_EQ(verdict(kRuleC2Blend, script(second_scorer(lines) + main_with("v = score(model, val_tokens, lut, lut)\n"))),
            "error");
}

std::string smear(const std::string& gate, const std::string& cut) {
  return "\nclass Model(torch.nn.Module):\n    def forward(self, ids):\n        x = self.embed(ids)\n"
         "        g = torch.sigmoid(self.gate(x[:, 1:]))\n        x = torch.cat([x[:, :1], x[:, 1:] + " +
         gate + " * x[:, :-1]], dim=1)\n        return self.head(x)\n" +
         main_with("model = Model()\n" + cut + "val_bpb = evaluate(model, val_tokens, lut)\n");
}

TEST(SourceReach, ASmearGateAcrossDocumentsIsAWarning) {
  const std::string cut = "starts = (val_tokens == 1).nonzero()\n";
  EXPECT_EQ(verdict(kRuleC1Smear, script(smear("g", cut))), "warning");
  EXPECT_EQ(verdict(kRuleC1Smear, script(smear("g * (ids[:, 1:] != 1)", cut))), "none");
  EXPECT_EQ(verdict(kRuleC1Smear, script(smear("g", ""))), "none");  // one stream: the token before is the prefix
}

TEST(SourceReach, TheNetworkBehindTrainingFailsAndAheadOfItWarns) {
  const std::string train =
      "opt = torch.optim.SGD(model.parameters())\nfor i in range(10):\n"
      "    loss = model(load(args.train_files), load(args.train_files))\n    loss.backward()\n    opt.step()\n";
  const std::string fetch = "import requests\nblob = requests.get('https://example.org/table').content\n";
  EXPECT_EQ(verdict(kRuleDataNetwork, script(main_with(train + fetch))), "error");
  EXPECT_EQ(verdict(kRuleDataNetwork, script(main_with(fetch + train))), "warning");
  EXPECT_EQ(verdict(kRuleDataNetwork, script(main_with(train))), "none");
}

TEST(SourceReach, TargetsThatAreClampedWarn) {
  const auto scored = [](const std::string& change) {
    return script(
        second_scorer("        y = " + change + "\n        nll = F.cross_entropy(model(x), y, reduction='none')\n") +
        main_with("v = score(model, val_tokens, lut, lut)\n"));
  };
  EXPECT_EQ(verdict(kRuleDataTargets, scored("y.clamp(max=1023)")), "warning");
  EXPECT_EQ(verdict(kRuleDataTargets, scored("y % 1024")), "warning");
  EXPECT_EQ(verdict(kRuleDataTargets, scored("y.clamp(min=0)")), "none");
  EXPECT_EQ(verdict(kRuleDataTargets, scored("y.long()")), "none");
}

TEST(SourceReach, AValidationSetCutToAConstantFails) {
  const auto cut = [](const std::string& line) {
    return script(main_with(line + "\nval_bpb = evaluate(model, val_tokens, lut)\n"));
  };
  EXPECT_EQ(verdict(kRuleDataSubset, cut("val_tokens = val_tokens[:1000000]")), "error");
  EXPECT_EQ(verdict(kRuleDataSubset, cut("short = val_tokens[:1000000]")), "warning");
  EXPECT_EQ(verdict(kRuleDataSubset, cut("val_tokens = val_tokens[: (val_tokens.numel() - 1) // 1024 * 1024 + 1]")),
            "none");
}

}  // namespace
}  // namespace pg::verify

#include "verify/rules/code_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/sample_submission.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Prints everything that sample_log holds, but what `extra` brings.
const std::string kScript = R"(import os, time, torch
def main(log0, args, bpb, loss):
    log0(f"val_tokens: {args.n}")
    log0(f"stopping_early: wallclock_cap train_time: {args.t}ms step: {args.s}/20000")
    log0(f"Code size: {args.c} bytes")
    log0(f"Serialized model quantized+brotli: {args.m} bytes")
    log0(f"Total submission size quantized+brotli: {args.m} bytes")
    log0(f"quantized_ttt val_loss:{loss:.8f} val_bpb:{bpb:.8f} eval_time:{args.t}ms")
)";

Submission submission(const std::string& extra, const std::string& script = kScript,
                      std::string metric = "quantized_ttt", std::int64_t code = 16'594) {
  SampleRun run;
  run.extra = extra;
  run.metric = std::move(metric);
  run.code = code;
  Submission s = sample_submission({run}, R"({"val_bpb": 1.0810})");
  s.code.push_back(unpack_code("train_gpt.py", script));
  s.entry = 0;
  return s;
}

RuleResult result(const Submission& s) {
  const auto results = kRuleCodeLog.check(s, Policy{});
  EXPECT_EQ(results.size(), 1u);
  return results.at(0);
}

void expect(const Submission& s, Verdict verdict, Severity severity) {
  const RuleResult r = result(s);
  EXPECT_EQ(r.verdict, verdict) << r.message;
  EXPECT_EQ(r.severity, severity) << r.message;
}

const std::string kCacheLine = "ngram_cache:enabled alpha=0.4 order=7\n";

TEST(CodeLog, NamesThatStandInTheCodePass) {
  EXPECT_EQ(result(submission("")).verdict, Verdict::pass);
  EXPECT_EQ(result(submission(kCacheLine, kScript + "    log0(f\"ngram_cache:enabled alpha={args.a}\")\n")).verdict,
            Verdict::pass);
  // Made of pieces.
  EXPECT_EQ(result(submission(kCacheLine, kScript + "    log0(\"n\" \"gram\" + \"_cache:\")\n# ngram\n")).verdict,
            Verdict::pass);
}

TEST(CodeLog, ATechniqueThatTheCodeLacksFails) {
  const Submission s = submission(kCacheLine + "ngram_sw [64/969088] bpb=1.158210\n");
  expect(s, Verdict::fail, Severity::error);
  const RuleResult r = result(s);
  EXPECT_THAT(r.message, HasSubstr("lines of 2 kinds"));
  EXPECT_THAT(r.message, HasSubstr("\"cache\", \"ngram\" stand nowhere in it"));
  EXPECT_THAT(r.message, HasSubstr("counts 16,594 bytes of code"));
  ASSERT_EQ(r.evidence.size(), 3u);
  EXPECT_EQ(r.evidence[0].file, "train_seed42.log");
  EXPECT_EQ(r.evidence[0].line, 10u);
  EXPECT_EQ(r.evidence[0].text, "ngram_cache:enabled alpha=0.4 order=7");
  EXPECT_EQ(r.evidence[2].file, "train_gpt.py");
}

TEST(CodeLog, AClaimedScoreUnderANameThatTheCodeLacksFails) {
  expect(submission("", kScript, "oracle_exact"), Verdict::fail, Severity::error);
}

TEST(CodeLog, AnotherLineThatTheCodeLacksIsAWarning) {
  expect(submission("checkpoint:saved bytes=12\n"), Verdict::fail, Severity::warning);
  expect(submission("a_one:1 x\nb_two:2 x\nc_three:3 x\nd_four:4 x\ne_five:5 x\n"), Verdict::fail, Severity::error);
}

TEST(CodeLog, WhatMayHavePrintedItLowersTheVerdict) {
  const std::string unseen = "import secret_mixer_lib\n";
  const auto lowered = [](const std::string& script, const char* why) {
    const RuleResult r = result(submission("hedge:on 1\n", script));
    EXPECT_EQ(r.severity, Severity::warning) << script;
    EXPECT_THAT(r.message, HasSubstr(why)) << script;
  };
  lowered(unseen + kScript, "imports secret_mixer_lib, which is not in the folder");
  lowered(kScript + "    import subprocess\n    subprocess.run([args.tool])\n",
          "runs a program or other code in line 10");
  lowered("import runpy\nrunpy.run_path(str(base))\n" + kScript, "other code in line 2");
  lowered(kScript + "    exec(open(\"stage2.py\").read())\n", "stage2.py, which is not in the folder");
  lowered("exec(compile(text, name, 'exec'))\n" + kScript, "other code in line 1");
  expect(submission("hedge:on 1\n", "import subprocess\nsubprocess.run([\"nvidia-smi\"])\n" + kScript), Verdict::fail,
         Severity::error);
}

TEST(CodeLog, AnFStringThatFitsMeansAValueFromOutside) {
  const std::string script = kScript + "    log0(f\"final_{args.tag}_round val_loss:{loss:.4f} val_bpb:{bpb:.4f}\")\n";
  expect(submission("", script, "final_zebra_round"), Verdict::fail, Severity::warning);
  expect(submission("", script, "first_zebra_round"), Verdict::fail, Severity::error);
}

TEST(CodeLog, EqualCodeSizesMeanThatSomethingAroundTheScriptPrinted) {
  const auto bytes = static_cast<std::int64_t>(kScript.size());
  expect(submission("hedge:on 1\n", kScript, "quantized_ttt", bytes), Verdict::fail, Severity::warning);
}

TEST(CodeLog, LinesThatAreNotTheScriptsDoNotCount) {
  for (const char* line :
       {"W0318 14:37:59.1 torch/distributed/run.py:852] \n", "[rank0]:[W327 reducer.cpp:1431] Warning: find_unused\n",
        "Thu Mar 19 10:17:46 2026\n", "NCCL version 2.27.5+cuda12.9\n", "|   0  NVIDIA H100 80GB HBM3   On  |\n",
        "/usr/lib/python3.12/x.py:12: UserWarning: mixers\n", "AUTOTUNE addmm(64x512, 512x512)\n",
        "  warnings.warn('deprecated 2.0')\n", "=== RUN hedge seed=42 ===\n", "Uploading artifacts: 12 files\n",
        "Seed 42 finished: 10 min\n"})
    EXPECT_EQ(result(submission(line)).verdict, Verdict::pass) << line;
}

TEST(CodeLog, OnlyLinesBetweenTrainingAndTheClaimCount) {
  Submission s = submission("");
  s.logs[0] = read_log_text("train_seed42.log", "hedge:on 1\n" + sample_log({}) + "hedge:off 2\n");
  EXPECT_EQ(result(s).verdict, Verdict::pass);
}

TEST(CodeLog, AWrapperThatRepeatsTheScoreProvesNothing) {
  const std::string script = kScript + "    log0(f\"final_exact val_loss:{loss} val_bpb:{bpb}\")\n";
  const Submission s = submission("final_exact val_loss:2.79241542 val_bpb:1.08103103\n", script, "zebra_roundup");
  EXPECT_NE(result(s).severity, Severity::error);
}

TEST(CodeLog, OtherFilesOfTheFolderAndSettingsCount) {
  Submission s = submission(kCacheLine);
  s.code.push_back(unpack_code("eval_ngram.py", "print('ngram_cache')\n"));
  EXPECT_EQ(result(s).verdict, Verdict::pass);
  Submission named = submission("");
  named.logs[0] = read_log_text("train_seed42.log",
                                "Hyperparameters:\n  tag: zebra\n" + sample_log({}).substr(17, 400) + "zebra:on 1\n" +
                                    "quantized_ttt val_loss:2.79241542 val_bpb:1.08103103 eval_time:1ms\n");
  EXPECT_EQ(result(named).verdict, Verdict::pass);
}

TEST(CodeLog, TheSourceInTheLogIsComparedElsewhere) {
  const std::string bar(100, '=');
  Submission s = submission("");
  s.logs[0] =
      read_log_text("train_seed42.log", kScript + "    log0(f\"ngram_cache:{args.a}\")\nimport a\nimport b\n" + bar +
                                            "\nRunning Python 3.12\n" + bar + "\n" + sample_log({.extra = kCacheLine}));
  EXPECT_EQ(result(s).verdict, Verdict::pass);
}

TEST(CodeLog, WithoutScriptOrLogItDoesNotApply) {
  Submission s = submission("");
  s.runs.clear();
  EXPECT_EQ(result(s).verdict, Verdict::not_applicable);
  s = submission("");
  s.code[0].opaque = "encrypted";
  EXPECT_EQ(result(s).verdict, Verdict::not_applicable);
  s.code.clear();
  s.entry = -1;
  EXPECT_EQ(result(s).verdict, Verdict::not_applicable);
}

}  // namespace
}  // namespace pg::verify

#include "verify/rules/time_timer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/sample_submission.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;

const std::string kHead = R"(import glob, time
import numpy as np
import torch
import torch.nn.functional as F
def load(pattern):
    return torch.cat([torch.from_numpy(np.fromfile(f, dtype=np.uint16)) for f in sorted(glob.glob(pattern))])
def evaluate(model, tokens, base_bytes):
    loss_sum = 0.0
    for start in range(0, tokens.numel() - 1, 1024):
        logits = model(tokens[start:start + 1024])
        nll = F.cross_entropy(logits, tokens[start + 1:start + 1025], reduction="none")
        loss_sum += nll.sum()
    return loss_sum / base_bytes
def build_hints(tokens):
    table = {}
    for i in range(tokens.numel()):
        table[int(tokens[i])] = i
    return table
def timed(label, fn, *args):
    t0 = time.perf_counter()
    out = fn(*args)
    print(f"{label} val_bpb:{out} eval_time:{time.perf_counter() - t0}ms")
def main(model, opt, base_bytes):
    train = load("data/fineweb_train_*.bin")
    val = load("data/fineweb_val_*.bin")
    for step in range(100):
        loss = F.cross_entropy(model(train[:64]), train[1:65])
        loss.backward()
        opt.step()
)";
const std::string kTimedEval = R"(
    t_eval = time.perf_counter()
    bpb = evaluate(model, val, base_bytes)
    print(f"quantized_ttt val_loss:{bpb} val_bpb:{bpb} eval_time:{time.perf_counter() - t_eval}ms")
)";

Submission submission(const std::string& body, std::string track = "10min_16mb") {
  Submission s = sample_submission(sample_runs(), R"({"val_bpb": 1.0810})", std::move(track));
  s.code.push_back(unpack_code("train_gpt.py", kHead + body + "main(None, None, 1)\n"));
  s.entry = 0;
  return s;
}

RuleResult result(const Submission& s) {
  const auto results = kRuleTimeTimer.check(s, Policy{});
  EXPECT_EQ(results.size(), 1u);
  return results.at(0);
}

TEST(TimeTimer, WorkOnValidationTokensAheadOfTheClockIsAWarningWithItsLines) {
  const RuleResult r = result(submission("    hints = build_hints(val)\n" + kTimedEval));
  EXPECT_EQ(r.verdict, Verdict::fail);
  EXPECT_EQ(r.severity, Severity::warning);
  EXPECT_THAT(r.message, HasSubstr("quantized_ttt"));
  ASSERT_EQ(r.evidence.size(), 3u);
  EXPECT_THAT(r.evidence[0].text, HasSubstr("build_hints(val)"));
  EXPECT_THAT(r.evidence[1].text, HasSubstr("t_eval = time.perf_counter()"));
  EXPECT_EQ(r.evidence[0].line + 2, r.evidence[1].line);
  EXPECT_THAT(r.evidence[2].file, HasSubstr(".log"));
}

TEST(TimeTimer, TheClockMayStandInANamedDifferenceOrInAHelper) {
  const std::string named = R"(
    hints = build_hints(val)
    t_eval = time.perf_counter()
    bpb = evaluate(model, val, base_bytes)
    elapsed = time.perf_counter() - t_eval
    print(f"quantized_ttt val_loss:{bpb} val_bpb:{bpb} eval_time:{elapsed}ms")
)";
  EXPECT_EQ(result(submission(named)).verdict, Verdict::fail);
  const std::string helper =
      "    hints = build_hints(val)\n    timed(\"quantized_ttt\", evaluate, model, val, base_bytes)\n";
  EXPECT_EQ(result(submission(helper)).verdict, Verdict::fail);
}

TEST(TimeTimer, WorkUnderAnyClockPasses) {
  EXPECT_EQ(result(submission(kTimedEval)).verdict, Verdict::pass);
  const std::string own = "    t0 = time.time()\n    hints = build_hints(val)\n    print(time.time() - t0)\n";
  EXPECT_EQ(result(submission(own + kTimedEval)).verdict, Verdict::pass);
  const std::string inside = "    t_eval = time.perf_counter()\n    hints = build_hints(val)\n" + kTimedEval.substr(1);
  EXPECT_EQ(result(submission(inside)).verdict, Verdict::fail);  // a clock that is read anew, never subtracted
}

TEST(TimeTimer, OtherEvaluationsTrainingDataAndTrainingItselfAreNotIt) {
  EXPECT_EQ(result(submission("    evaluate(model, val, base_bytes)\n" + kTimedEval)).verdict, Verdict::pass);
  EXPECT_EQ(result(submission("    build_hints(train)\n" + kTimedEval)).verdict, Verdict::pass);
  const std::string late = kTimedEval + "    build_hints(val)\n";
  EXPECT_EQ(result(submission(late)).verdict, Verdict::pass);
}

TEST(TimeTimer, DoesNotApplyWithoutAClockOrALimit) {
  EXPECT_EQ(result(submission("    print('nothing')\n")).verdict, Verdict::not_applicable);
  EXPECT_EQ(result(submission("    build_hints(val)\n" + kTimedEval, "non_record_16mb")).verdict,
            Verdict::not_applicable);
  Submission s = submission("    build_hints(val)\n" + kTimedEval);
  for (LogFile& log : s.logs) log.runs.back().eval_time_ms.reset();
  EXPECT_EQ(result(s).verdict, Verdict::not_applicable);
}

}  // namespace
}  // namespace pg::verify

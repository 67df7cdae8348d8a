#include "verify/rules/code_unlogged.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/sample_submission.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kFirst = "    log0(f\"Code size: {args.c:d} bytes\")\n";
const std::string kLast = "    log0(f\"quantized_ttt val_loss:{loss:.8f} val_bpb:{bpb:.8f} eval_time:{args.t}ms\")\n";

std::vector<RuleResult> found(const std::string& between, const std::string& extra = "") {
  SampleRun run;
  run.extra = extra;
  Submission s = sample_submission({run}, R"({"val_bpb": 1.0810})");
  s.code.push_back(unpack_code("train_gpt.py", "def main(log0, args, bpb, loss):\n" + kFirst + between + kLast));
  s.entry = 0;
  return find_unlogged_lines(s);
}

TEST(CodeUnlogged, ALineThatTheScriptPrintsOnItsWayIsMissed) {
  const auto results = found("    log0(f\"ttt_gain: {args.g:.4f}\")\n");
  ASSERT_THAT(results, SizeIs(1));
  EXPECT_EQ(results[0].severity, Severity::warning);
  EXPECT_THAT(results[0].message, HasSubstr("\"ttt_gain\""));
  ASSERT_THAT(results[0].evidence, SizeIs(3));
  EXPECT_EQ(results[0].evidence[0].file, "train_gpt.py");
  EXPECT_EQ(results[0].evidence[0].line, 3u);
  EXPECT_EQ(results[0].evidence[1].line, 7u);   // Code size
  EXPECT_EQ(results[0].evidence[2].line, 10u);  // the metric
}

TEST(CodeUnlogged, ALineThatTheLogHasIsNot) {
  EXPECT_THAT(found("    log0(f\"ttt_gain: {args.g:.4f}\")\n", "ttt_gain: 0.0021\n"), IsEmpty());
}

TEST(CodeUnlogged, OnlyLinesThatMustHaveBeenPrintedCount) {
  // Under a condition, by another function, to another place, without a number, under a name that is not settled.
  EXPECT_THAT(found("    if args.g:\n        log0(f\"ttt_gain: {args.g:.4f}\")\n"), IsEmpty());
  EXPECT_THAT(found("    print(f\"ttt_gain: {args.g:.4f}\")\n"), IsEmpty());
  EXPECT_THAT(found("    log0(f\"ttt_gain: {args.g:.4f}\", console=True)\n"), IsEmpty());
  EXPECT_THAT(found("    log0(f\"ttt_gain: {args.g}\")\n"), IsEmpty());
  EXPECT_THAT(found("    log0(f\"{args.name}_gain: {args.g:.4f}\")\n"), IsEmpty());
  EXPECT_THAT(found("    log0(f\"ttt gain {args.g:.4f}\")\n"), IsEmpty());
}

TEST(CodeUnlogged, ALineBehindTheLastOneOfTheLogDoesNotCount) {
  SampleRun run;
  Submission s = sample_submission({run}, R"({"val_bpb": 1.0810})");
  s.code.push_back(unpack_code("train_gpt.py", "def main(log0, args, bpb, loss):\n" + kFirst + kLast +
                                                   "    log0(f\"ttt_gain: {args.g:.4f}\")\n"));
  s.entry = 0;
  EXPECT_THAT(find_unlogged_lines(s), IsEmpty());
}

}  // namespace
}  // namespace pg::verify

#include "verify/report/sizes.h"

#include <gtest/gtest.h>

#include <limits>

namespace pg::verify {
namespace {

Submission with_run(Role role, std::optional<std::int64_t> model, std::optional<std::int64_t> code,
                    std::optional<std::int64_t> total) {
  Submission s;
  LogFile log;
  log.path = "train.log";
  LogRun run;
  run.bytes_model = {model, 11};
  run.bytes_code = {code, 10};
  run.bytes_total = {total, 12};
  log.runs.push_back(run);
  s.logs.push_back(log);
  s.runs.push_back({role, "", 0, {}, {}});
  return s;
}

void add_entry(Submission& s, std::uint64_t bytes, std::string packed = "") {
  CodeFile file;
  file.path = "train_gpt.py";
  file.bytes = bytes;
  file.packed = std::move(packed);
  s.code.push_back(file);
  s.entry = 0;
  s.folder.files.push_back({"train_gpt.py", bytes, ""});
}

TEST(Sizes, PlainScriptThatTheLogCountsPackedDiffersAsShipped) {
  Submission s = with_run(Role::claim, 15'875'551, 31'999, 15'907'550);
  s.logs[0].runs[0].sizes.push_back({SizeLine::Kind::code_plain, 8, "uncompressed", 158'429});
  s.logs[0].runs[0].sizes.push_back({SizeLine::Kind::code_packed, 9, "compressed", 31'999});
  add_entry(s, 158'429);
  const Sizes sizes = count_sizes(s);
  EXPECT_EQ(sizes.as_logged.bytes, 15'907'550);
  EXPECT_EQ(sizes.as_logged.line, 12u);
  EXPECT_EQ(sizes.as_shipped.bytes, 16'033'980);
  EXPECT_EQ(sizes.as_shipped.line, 11u);
  EXPECT_EQ(sizes.as_packed.bytes, 15'907'550);
  EXPECT_EQ(sizes.reachable.bytes, 16'033'980);
}

TEST(Sizes, ReachableCountsTheFileBehindAnExecShim) {
  Submission s = with_run(Role::claim, 15'976'275, 78'688, 16'054'963);
  add_entry(s, 74);
  s.folder.files.push_back({"train_gpt_decode.py", 80'055, ""});
  s.reachable = {"train_gpt_decode.py", "not_in_the_folder.py"};
  const Sizes sizes = count_sizes(s);
  EXPECT_EQ(sizes.as_shipped.bytes, 15'976'349);
  EXPECT_EQ(sizes.reachable.bytes, 16'056'404);
  EXPECT_FALSE(sizes.as_packed.bytes);
  EXPECT_NE(sizes.as_packed.missing, "");
}

TEST(Sizes, ShippedShimIsItsOwnPackedForm) {
  Submission s = with_run(Role::claim, 15'970'953, 16'594, 15'987'547);
  add_entry(s, 16'594, "lzma+b85");
  EXPECT_EQ(count_sizes(s).as_packed.bytes, 15'987'547);
}

TEST(Sizes, TakesTheLargestClaimedRunAndNoOther) {
  Submission s = with_run(Role::claim, 100, 10, 110);
  for (const auto& [role, total] : {std::pair{Role::claim, 130}, {Role::ablation, 999}, {Role::rerun, 998}}) {
    s.logs.push_back(s.logs[0]);
    s.logs.back().path = "log" + std::to_string(total);
    s.logs.back().runs[0].bytes_total.value = total;
    s.runs.push_back({role, "", s.logs.size() - 1, {}, {}});
  }
  EXPECT_EQ(count_sizes(s).as_logged.bytes, 130);
  EXPECT_EQ(count_sizes(s).as_logged.log, "log130");
}

TEST(Sizes, FallsBackToTheTrainingStageOfAnEvaluatedRun) {
  EXPECT_EQ(count_sizes(with_run(Role::training_stage, 100, 10, 110)).as_logged.bytes, 110);
}

TEST(Sizes, ModelFollowsFromTotalAndCode) {
  Submission s = with_run(Role::claim, {}, 10, 110);
  add_entry(s, 20);
  EXPECT_EQ(count_sizes(s).as_shipped.bytes, 120);
}

TEST(Sizes, SaysWhatIsMissing) {
  const Sizes none = count_sizes(Submission{});
  for (const auto convention :
       {SizeConvention::as_logged, SizeConvention::as_shipped, SizeConvention::as_packed, SizeConvention::reachable}) {
    EXPECT_FALSE(none.under(convention).bytes);
    EXPECT_NE(none.under(convention).missing, "");
  }
  EXPECT_EQ(count_sizes(with_run(Role::claim, 1, 1, 2)).as_shipped.missing, "the folder has no entry script");
}

TEST(Sizes, OverflowingLogNumbersGiveNoSize) {
  Submission s = with_run(Role::claim, std::numeric_limits<std::int64_t>::max(), 10, {});
  add_entry(s, 20);
  EXPECT_FALSE(count_sizes(s).as_logged.bytes);
  EXPECT_FALSE(count_sizes(s).as_shipped.bytes);
}

}  // namespace
}  // namespace pg::verify

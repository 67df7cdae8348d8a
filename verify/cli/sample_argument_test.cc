#include "verify/cli/sample_argument.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "reference/base/file.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::string& text) {
  const auto sample = sample_argument(text, {});
  return sample ? "parsed" : sample.error().message;
}

TEST(SampleArgument, ReadsListsAndFilesWithComments) {
  EXPECT_THAT(sample_argument("1.08, 1.081,2e-3", {})->bpb(), ElementsAre(1.08, 1.081, 0.002));
  const fs::path file = fs::path(testing::TempDir()) / "pg_losses.txt";
  ASSERT_TRUE(write_file_atomic(file, "# 2026-07-17\r\n3.2775, 3.2779\n\n3.2793 # the third\n"));
  const auto sample = sample_argument(file.string(), 2.5);
  ASSERT_TRUE(sample) << sample.error().message;
  EXPECT_THAT(sample->bpb(), ElementsAre(3.2775, 3.2779, 3.2793));
  EXPECT_EQ(sample->ratio, 2.5);
  EXPECT_EQ(sample->name, "pg_losses.txt");
}

TEST(SampleArgument, SaysWhatIsNoNumberAndWhere) {
  EXPECT_THAT(parse_numbers("1.0\n2.0\nnan", "f", {}).error().message, HasSubstr("f, line 3: \"nan\" is no number"));
  EXPECT_THAT(parse_numbers("0x10", "f", {}).error().message, HasSubstr("is no number"));
  EXPECT_THAT(parse_numbers(std::string("1.0\0", 4), "f", {}).error().message, HasSubstr("is no number"));
  EXPECT_THAT(error_of("no/such/folder"), HasSubstr("no such folder or file, and not numbers"));
  EXPECT_THAT(error_of(","), HasSubstr("holds no number"));
  EXPECT_THAT(error_of(""), HasSubstr("holds no number"));
  std::string many;
  for (std::size_t i = 0; i <= kMaxNumbers; ++i) many += "1 ";
  EXPECT_THAT(parse_numbers(many, "f", {}).error().message, HasSubstr("more than 10000"));
}

TEST(SampleArgument, RefusesWhatCannotBeAScore) {
  EXPECT_THAT(error_of("1.08,-1.08"), HasSubstr("numbers, line 1: -1.08 is not positive"));
  EXPECT_THAT(error_of("0"), HasSubstr("is not positive"));
  EXPECT_THAT(error_of("1.08,1e300"), HasSubstr("1e300 is no score: more than 1000"));
  EXPECT_THAT(error_of("1e999"), HasSubstr("1e999"));
  for (const char* word : {"nan", "-inf", "1.08,inf", "1.08,NaN", "1.08,abc"})
    EXPECT_THAT(error_of(word), HasSubstr("is no number")) << word;
}

TEST(SampleArgument, AFolderWithoutScoresIsNoSample) {
  const fs::path folder = fs::path(testing::TempDir()) / "pg_empty_sample";
  fs::create_directories(folder);
  EXPECT_THAT(error_of(folder.string()), HasSubstr("nothing to compare with"));
}

}  // namespace
}  // namespace pg::verify

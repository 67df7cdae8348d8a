#include "reference/model/info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace pg::model {
namespace {

using testing::HasSubstr;

Info of_preset(const char* name) {
  const auto preset = load_preset(name);
  return describe(*config_from_json((*preset)["model"], name));
}

TEST(Info, GroupsAndShapesAddUp) {
  const auto info = to_json(of_preset("pr1394"));
  EXPECT_EQ(info["parameters"], 35943512);
  EXPECT_EQ(info["bytes_f32"], 4 * 35943512LL);
  EXPECT_EQ(info["bytes"], 4 * 35943512LL - 2 * 8192 * 512);
  long long shapes = 0, groups = 0, matrices = 0;
  for (const auto& row : info["shapes"]) shapes += row["parameters"].get<long long>();
  for (const auto& group : info["groups"]) {
    groups += group["parameters"].get<long long>();
    if (group["group"] == "linear") matrices = group["parameters"].get<long long>();
  }
  EXPECT_EQ(shapes, 35943512);
  EXPECT_EQ(groups, 35943512);
  EXPECT_EQ(matrices, 31719424);  // model.md 3.1
}

TEST(Info, BlocksShareARow) {
  const Info info = of_preset("baseline");
  ASSERT_EQ(info.rows.size(), 12U);
  EXPECT_EQ(info.rows[2].name, "blocks.*.attn_scale");
  EXPECT_EQ(info.rows[2].count, 9);
  EXPECT_THAT(to_text(info), HasSubstr("17,059,912"));
}

std::filesystem::path file(const std::string& header, const std::string& data = "") {
  const auto path = std::filesystem::path(testing::TempDir()) / "info_test.safetensors";
  std::ofstream out(path, std::ios::binary);
  for (std::size_t i = 0; i < 8; ++i) out.put(static_cast<char>(header.size() >> (8 * i)));
  out << header << data;
  return path;
}

TEST(Info, ReadsTheHeaderOfAFile) {
  const auto info = describe_safetensors(
      file(R"({"__metadata__":{"a":"b"},"blocks.0.w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},)"
           R"("blocks.1.w":{"dtype":"BF16","shape":[2,3],"data_offsets":[12,24]}})",
           std::string(24, '\0')));
  ASSERT_TRUE(info.ok()) << info.error().message;
  EXPECT_EQ(info->parameters, 12);
  EXPECT_EQ(info->bytes, 24);
  ASSERT_EQ(info->rows.size(), 1U);
  EXPECT_EQ(info->rows[0].group, "BF16");
}

TEST(Info, DamagedFilesAreErrors) {
  const auto refusal = [](const std::string& header) {
    const auto info = describe_safetensors(file(header));
    return info.ok() ? "accepted" : info.error().message;
  };
  EXPECT_THAT(refusal("{"), HasSubstr("no header"));
  EXPECT_THAT(refusal(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"), HasSubstr("truncated"));
  EXPECT_THAT(refusal(R"({"w":5})"), HasSubstr("'w'"));
  EXPECT_THAT(refusal(R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})"), HasSubstr("damaged"));
  EXPECT_THAT(refusal(R"({"w":{"dtype":"F32","shape":[1099511627776,1099511627776],"data_offsets":[0,4]}})"),
              HasSubstr("damaged"));
  EXPECT_THAT(refusal(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})"), HasSubstr("damaged"));
  std::ofstream(file("{}"), std::ios::binary) << std::string(8, '\xff');
  EXPECT_FALSE(describe_safetensors(testing::TempDir() + "/info_test.safetensors").ok());
  EXPECT_FALSE(describe_safetensors("/nonexistent/x.safetensors").ok());
}

}  // namespace
}  // namespace pg::model

#include "reference/model/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "reference/model/keys.h"
#include "reference/model/parameter_spec.h"

namespace pg::model {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

Config preset(std::string_view name) {
  const auto loaded = load_preset(name);
  EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message);
  auto config = config_from_json((*loaded)["model"], name);
  EXPECT_TRUE(config.ok()) << (config.ok() ? "" : config.error().message);
  return *config;
}

TEST(Preset, ParametersAreThoseOfTheOriginalsToTheUnit) {
  EXPECT_EQ(preset("baseline").parameter_count(), 17059912);
  EXPECT_EQ(preset("pr1394").parameter_count(), 35943512);
  EXPECT_EQ(preset("pr1413").parameter_count(), 35943512);
  EXPECT_EQ(preset("pr1437").parameter_count(), 35944536);  // one skip row and gate more
}

TEST(Preset, EachOneThatIsListedIsComplete) {
  EXPECT_THAT(preset_names(), testing::IsSupersetOf({"baseline", "nano", "pr1394", "pr1413", "pr1437"}));
  for (const std::string& name : preset_names()) {
    const Config config = preset(name);
    EXPECT_TRUE(config.validate().ok()) << name;
    EXPECT_EQ((*load_preset(name))["train"]["train_seq_len"], config.train_seq_len) << name;
  }
}

TEST(Preset, OneThatIsUnknownNamesThoseThereAre) {
  const auto missing = load_preset("pr1349");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message, HasSubstr("pr1394"));
}

TEST(Preset, FolderOfTheEnvironmentStandsAlone) {
  setenv("PGREF_DATA_DIR", "/nonexistent", 1);
  const auto missing = load_preset("baseline");
  unsetenv("PGREF_DATA_DIR");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message, HasSubstr("/nonexistent/presets"));
}

TEST(ConfigOrder, LoopTableOfPr1394) {
  const Config config = preset("pr1394");
  EXPECT_THAT(config.order(true).encoder, ElementsAre(0, 1, 2, 3, 4, 5, 4));
  EXPECT_THAT(config.order(true).decoder, ElementsAre(5, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_THAT(config.order(false).encoder, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(config.order(false).decoder, ElementsAre(5, 6, 7, 8, 9, 10));
  EXPECT_EQ(config.skip_rows(), 7);
}

TEST(ConfigOrder, LoopTableOfPr1437) {
  const Config config = preset("pr1437");
  EXPECT_THAT(config.order(true).encoder, ElementsAre(0, 1, 2, 3, 4, 5, 3, 4));
  EXPECT_THAT(config.order(true).decoder, ElementsAre(5, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_EQ(config.skip_rows(), 8);
}

TEST(ConfigOrder, WithoutALoopTheFirstHalfIsTheEncoder) {
  const Config config = preset("baseline");
  EXPECT_THAT(config.order(true).encoder, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(config.order(true).decoder, ElementsAre(4, 5, 6, 7, 8));
  EXPECT_EQ(config.skip_rows(), 4);
}

TEST(ConfigJson, SurvivesWritingAndReading) {
  Config config = preset("pr1437");
  config.features["smear_gate"];
  config.norm_eps = 1.1920929e-7;
  const json written = to_json(config);
  const auto again = config_from_json(json::parse(written.dump()), "test");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(to_json(*again), written);
}

std::string refusal(const json& model) {
  const auto config = config_from_json(model, "file.json");
  return config.ok() ? "accepted" : config.error().message;
}

TEST(ConfigJson, UnknownKeyIsRefusedWithTheNearest) {
  EXPECT_THAT(refusal({{"kv_head", 4}}), testing::AllOf(HasSubstr("file.json"), HasSubstr("did you mean 'kv_heads'?")));
  EXPECT_THAT(refusal({{"loop", {{"begin", 4}}}}), HasSubstr("file.json.loop: unknown key 'begin'"));
  EXPECT_THAT(refusal({{"features", {{"smeargate", json::object()}}}}), HasSubstr("did you mean 'smear_gate'?"));
  EXPECT_THAT(refusal({{"features", {{"smear_gate", {{"width", 1}}}}}}), HasSubstr("unknown key 'width'"));
}

TEST(ConfigJson, WrongTypesNameTheKeyAndWhatItMustBe) {
  EXPECT_THAT(refusal({{"layers", "9"}}), HasSubstr("file.json.layers must be an integer, is \"9\""));
  EXPECT_THAT(refusal({{"layers", 9.5}}), HasSubstr("an integer"));
  EXPECT_THAT(refusal({{"layers", 1LL << 40}}), HasSubstr("below 2^31"));
  EXPECT_THAT(refusal({{"layers", ~0ULL}}), HasSubstr("below 2^31"));
  EXPECT_THAT(refusal({{"init", "xavier"}}), HasSubstr(R"("default" or "orthogonal")"));
  EXPECT_THAT(refusal({{"ln_scale", 1}}), HasSubstr("true or false"));
  EXPECT_THAT(refusal(json::array()), HasSubstr("must be a JSON object"));
}

TEST(ConfigValidate, ErrorsNameFieldValueAndWayOut) {
  EXPECT_THAT(refusal({{"heads", 7}}), HasSubstr("model.heads is 7: model.dim = 512 must be a multiple of it"));
  EXPECT_THAT(refusal({{"kv_heads", 3}}), HasSubstr("model.kv_heads is 3"));
  EXPECT_THAT(refusal({{"dim", 24}, {"heads", 8}}), HasSubstr("3 is odd"));
  EXPECT_THAT(refusal({{"rope_dims", 66}}), HasSubstr("from 4 to the heads' width 64"));
  EXPECT_THAT(refusal({{"rope_dims", 2}}), HasSubstr("model.rope_dims is 2"));
  EXPECT_THAT(refusal({{"softcap", 0}}), HasSubstr("model.softcap is 0"));
  EXPECT_THAT(refusal({{"vocab_size", 70000}}), HasSubstr("from 2 to 65536"));
  EXPECT_THAT(refusal({{"layers", 1}}), HasSubstr("model.layers is 1"));
  EXPECT_THAT(refusal({{"loop", {{"count", 2}, {"start", 4}, {"end", 9}}}}), HasSubstr("model.loop.end is 9"));
  EXPECT_THAT(refusal({{"loop", {{"count", 2}, {"start", 5}, {"end", 4}}}}), HasSubstr("model.loop.start is 5"));
  EXPECT_THAT(refusal({{"parallel_from", 9}}), HasSubstr("from -1 to 8"));
}

TEST(Keys, WithoutANearOneAllAreListed) {
  const std::string_view known[] = {"alpha", "beta"};
  EXPECT_EQ(unknown_key("x", "zzzzzzzz", known), "x: unknown key 'zzzzzzzz'; known are alpha, beta");
}

TEST(ParameterSpecs, FactorisedAndUntiedNetworksHaveTheirProjections) {
  Config config;
  config.embedding_dim = 64;
  config.tie_embeddings = false;
  std::vector<std::string> names;
  for (const ParameterSpec& spec : parameter_specs(config)) names.push_back(spec.name);
  EXPECT_THAT(std::vector(names.begin(), names.begin() + 4),
              ElementsAre("skip_weights", "tok_emb.weight", "embed_proj.weight", "head_proj.weight"));
  EXPECT_EQ(names.back(), "lm_head.weight");
}

}  // namespace
}  // namespace pg::model

#include "verify/submission/metadata_seeds.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pg::verify {
namespace {

using Seeds = std::vector<std::int64_t>;

Metadata parse(std::string_view json) {
  return parse_metadata("submission.json", json);
}

bool inconsistent(const Metadata& m) {
  return std::ranges::any_of(m.deviations,
                             [](const auto& d) { return d.kind == MetadataDeviation::Kind::inconsistent; });
}

TEST(SeedKey, ReadsTheSpellingsInUse) {
  for (const char* key : {"42", "seed_42", "seed42", "Seed 42", "s42", "SEED-42"}) {
    ASSERT_TRUE(parse_seed_key(key)) << key;
    EXPECT_EQ(parse_seed_key(key)->seed, 42) << key;
    EXPECT_TRUE(parse_seed_key(key)->exact) << key;
  }
  EXPECT_FALSE(parse_seed_key("42_rerun")->exact);
  for (const char* key : {"", "seed", "seeds", "mean", "note", "4x", "99999999999999999999", "-1"})
    EXPECT_FALSE(parse_seed_key(key)) << key;
}

TEST(Metadata, ReadsSeedResultsBesideAListOfSeeds) {
  const auto m = parse(
      "{\"seeds\": [42, 314],\n\"seed_results\": {\n\"42\": {\"val_bpb\": 1.0808, \"val_loss\": 2.79, "
      "\"artifact_bytes\": 15991930, \"steps\": 4945, \"train_time_s\": 588.1, \"eval_time_ms\": 500104},\n"
      "\"314\": {\"val_bpb\": 1.0810}}}");
  EXPECT_EQ(m.seeds, (Seeds{42, 314}));
  EXPECT_EQ(*m.n_seeds, 2);
  ASSERT_EQ(m.per_seed.size(), 2U);
  const SeedClaim& first = m.per_seed[0];
  EXPECT_EQ(first.val_bpb->text, "1.0808");
  EXPECT_EQ(first.val_bpb.key, "seed_results.42.val_bpb");
  EXPECT_EQ(first.line, 3U);
  EXPECT_EQ(*first.bytes_total, 15991930);
  EXPECT_EQ(*first.steps, 4945);
  EXPECT_DOUBLE_EQ(*first.train_time_ms, 588100);
  EXPECT_DOUBLE_EQ(*first.eval_time_ms, 500104);
  EXPECT_FALSE(inconsistent(m));
}

TEST(Metadata, ReadsDictValuedSeeds) {
  const auto m = parse(R"({"seeds": {"7": {"bytes_total": 1000000, "val_bpb": 1.1}, "8": 1.2}})");
  EXPECT_EQ(m.seeds, (Seeds{7, 8}));
  EXPECT_EQ(*m.per_seed[0].bytes_total, 1000000);
  EXPECT_EQ(m.per_seed[1].val_bpb->text, "1.2");
}

TEST(Metadata, ReadsListsOfResults) {
  const auto m = parse(R"({"seeds": [{"seed": 1, "bpb": 1.1}, {"seed": "2", "val_bpb": 1.2}]})");
  EXPECT_EQ(m.seeds, (Seeds{1, 2}));
  EXPECT_EQ(m.per_seed[0].val_bpb->text, "1.1");
}

TEST(Metadata, PairsScoreListsWithSeedsInOrder) {
  const auto m = parse(R"({"seeds": [42, 0], "seed_scores": [1.09, 1.10], "eval_time_seconds": [83, 84]})");
  EXPECT_EQ(m.per_seed[1].seed, 0);
  EXPECT_EQ(m.per_seed[1].val_bpb->text, "1.10");
  EXPECT_DOUBLE_EQ(*m.per_seed[1].eval_time_ms, 84000);
  const auto uneven = parse(R"({"seeds": [42], "seed_scores": [1.09, 1.10]})");
  EXPECT_TRUE(uneven.per_seed.empty());
  EXPECT_TRUE(inconsistent(uneven));
}

TEST(Metadata, ReadsSeedsFromKeys) {
  const auto m = parse(R"({"seed_300": {"val_bpb": 1.18}, "val_bpb_seed1337": 1.19, "bytes_seed1337": 15000000})");
  ASSERT_EQ(m.per_seed.size(), 2U);
  const auto row = std::ranges::find(m.per_seed, 1337, &SeedClaim::seed);
  EXPECT_EQ(row->val_bpb->text, "1.19");
  EXPECT_EQ(*row->bytes_total, 15000000);
}

TEST(Metadata, TakesASingleSeed) {
  const auto m = parse(R"({"seed": 1337})");
  EXPECT_EQ(m.seeds, Seeds{1337});
  EXPECT_EQ(parse(R"({"seeds": ["1337"]})").seeds, Seeds{1337});
  const auto count = parse(R"({"seeds": 3})");
  EXPECT_TRUE(count.seeds.empty());
  EXPECT_EQ(*count.n_seeds, 3);
}

TEST(Metadata, ReportsSeedsThatDoNotMatchTheirResults) {
  EXPECT_TRUE(inconsistent(parse(R"({"seeds": [1, 2, 3], "seed_results": {"1": 1.1, "2": 1.2}})")));
  EXPECT_TRUE(inconsistent(parse(R"({"seeds": [1, 2], "n_seeds": 3})")));
}

TEST(Metadata, AdoptsAPerSeedScoreOnlyWhereItsMeanIsTheClaim) {
  const char* const results =
      R"("seed_results": {"1": {"sliding_bpb": 1.3, "ttt_bpb": 1.1}, "2": {"sliding_bpb": 1.4, "ttt_bpb": 1.2}}})";
  const auto claimed = parse(std::string(R"({"val_bpb": 1.15, )").append(results));
  EXPECT_EQ(claimed.per_seed[0].val_bpb->text, "1.1");
  EXPECT_EQ(claimed.per_seed[0].val_bpb.key, "seed_results.1.ttt_bpb");
  EXPECT_FALSE(parse(std::string(R"({"val_bpb": 1.5, )").append(results)).per_seed[0].val_bpb);
}

TEST(Metadata, KeepsDisclosedRunsApart) {
  const auto m = parse(
      R"({"seeds": [1, 2], "seed_results": {"1": 1.0, "2": 1.1},
          "seed_results_all_runs_disclosure": {"all_seeds": [1, 2, 3], "all_val_bpb": {"1": 1.0, "2": 1.1, "3": 1.2}},
          "compliance_rerun": {"gptq_reserve_seconds": 8.0, "seed_results": {"1": {"val_bpb": 1.01}}}})");
  EXPECT_EQ(m.per_seed.size(), 2U);
  EXPECT_EQ(m.disclosed.size(), 4U);
  EXPECT_FALSE(m.disclosed_key.empty());
}

TEST(Metadata, BoundsHostileSeedLists) {
  std::string json = "{\"seeds\": [0";
  for (int i = 1; i < 5000; ++i) json.append(",").append(std::to_string(i));
  EXPECT_EQ(parse(json + "]}").seeds.size(), 1000U);
}

}  // namespace
}  // namespace pg::verify

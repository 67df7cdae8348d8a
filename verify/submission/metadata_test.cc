#include "verify/submission/metadata.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pg::verify {
namespace {

using Kind = MetadataDeviation::Kind;

Metadata parse(std::string_view json) {
  return parse_metadata("submission.json", json);
}

bool has(const Metadata& m, Kind kind, std::string_view key) {
  return std::ranges::any_of(m.deviations, [&](const MetadataDeviation& d) { return d.kind == kind && d.key == key; });
}

TEST(Metadata, ReadsTheStandardFormWithoutDeviations) {
  const auto m = parse(
      "{\n\"author\": \"A\",\n\"github_id\": \"a\",\n\"name\": \"N\",\n\"blurb\": \"B\",\n\"date\": \"2026-04-01\",\n"
      "\"track\": \"10min_16mb\",\n\"val_loss\": 2.0594546,\n\"val_bpb\": 1.21972502,\n\"bytes_total\": 15896222,\n"
      "\"bytes_code\": 48125,\n\"bytes_model_int8_zlib\": 15848097,\n\"wallclock_seconds\": 600.008\n}");
  EXPECT_TRUE(m.parsed);
  EXPECT_TRUE(m.deviations.empty()) << m.deviations[0].message;
  EXPECT_EQ(*m.author, "A");
  EXPECT_EQ(m.val_bpb->text, "1.21972502");
  EXPECT_EQ(m.val_bpb.key, "val_bpb");
  EXPECT_EQ(m.val_bpb.line, 9U);
  EXPECT_DOUBLE_EQ(m.val_loss->value, 2.0594546);
  EXPECT_EQ(*m.bytes_total, 15896222);
  EXPECT_EQ(*m.bytes_code, 48125);
  EXPECT_EQ(*m.bytes_model, 15848097);
  EXPECT_DOUBLE_EQ(*m.train_time_ms, 600008);
}

TEST(Metadata, PrefersScoresInTheOrderOfTheSynonyms) {
  const auto two = parse(R"({"mean_bpb": 1.3, "mean_val_bpb": 1.2})");
  EXPECT_EQ(two.val_bpb->text, "1.2");
  EXPECT_EQ(two.val_bpb.key, "mean_val_bpb");
  EXPECT_TRUE(has(two, Kind::synonym, "mean_val_bpb"));
  EXPECT_EQ(parse(R"({"mean_bpb": 1.3, "val_bpb": 1.1})").val_bpb.key, "val_bpb");
  EXPECT_EQ(parse(R"({"mean_bpb": 1.3, "val_bpb": null})").val_bpb.key, "mean_bpb");
}

TEST(Metadata, ReadsBpbStoredInValLoss) {
  const auto m = parse(R"({"name": "x", "val_loss": 1.14276, "bytes_total": 15900000})");
  EXPECT_EQ(m.val_bpb->text, "1.14276");
  EXPECT_EQ(m.val_bpb.key, "val_loss");
  EXPECT_FALSE(m.val_loss);
  EXPECT_TRUE(has(m, Kind::inconsistent, "val_loss"));
}

TEST(Metadata, DoesNotTakeNatsForBpb) {
  EXPECT_FALSE(parse(R"({"val_loss": 1.93601})").val_bpb);
  EXPECT_FALSE(parse(R"({"val_loss": 0.9419})").val_bpb) << "a byte model's nats";
  EXPECT_FALSE(parse(R"({"val_loss": 1.2, "val_bpb": null})").val_bpb) << "null says that there is no score";
  EXPECT_TRUE(parse(R"({"val_loss": 0.9443, "blurb": "reaches val_bpb: 0.9443"})").val_bpb);
}

TEST(Metadata, PrefersSizesInTheOrderOfTheSynonyms) {
  const char* const per_seed = R"("seed_results": {"1": {"artifact_bytes": 15000001}, "2": {"bytes_total": 15000002}})";
  const auto with = [&](const char* keys) {
    return parse(std::string("{").append(keys).append(per_seed).append("}")).bytes_total;
  };
  EXPECT_EQ(with("\"bytes_total\": 4, \"artifact_bytes_max\": 3, ").key, "bytes_total");
  EXPECT_EQ(with("\"artifact_bytes\": 2, \"artifact_bytes_max\": 3, ").key, "artifact_bytes_max");
  EXPECT_EQ(with("\"artifact_size_bytes\": 1, \"artifact_bytes\": 2, ").key, "artifact_bytes");
  EXPECT_EQ(with("\"artifact_size_bytes\": 1, ").key, "artifact_size_bytes");
  EXPECT_EQ(with("").key, "seed_results.2.bytes_total");
  EXPECT_EQ(*with("\"artifact_size_mb\": 15.98, "), 15000002) << "exact per-seed sizes win over rounded megabytes";
  const auto mean = parse(R"({"artifact_bytes_mean": 15901919.3})");
  EXPECT_FALSE(mean.bytes_total) << "a mean is no size of an artifact";
  EXPECT_DOUBLE_EQ(*mean.bytes_total_mean, 15901919.3);
}

TEST(Metadata, ConvertsSizesOnlyWhereTheUnitIsSaid) {
  const auto m = parse(R"({"bytes_total": "15.98 MB", "bytes_code": 15.9})");
  EXPECT_EQ(*m.bytes_total, 15'980'000);
  EXPECT_DOUBLE_EQ(m.bytes_total.half_unit, 5000);
  EXPECT_FALSE(m.bytes_code);
  EXPECT_TRUE(has(m, Kind::wrong_type, "bytes_total"));
  EXPECT_TRUE(has(m, Kind::wrong_type, "bytes_code"));
  EXPECT_EQ(*parse(R"({"artifact_size_mb": 14.4})").bytes_total, 14'400'000);
  EXPECT_EQ(*parse(R"({"bytes_total": "15,987,547"})").bytes_total, 15'987'547);
  EXPECT_EQ(*parse(R"({"bytes_total": "15.2 MiB"})").bytes_total, 15'938'355);
}

TEST(Metadata, TakesZerosAndWordsForPlaceholders) {
  const auto m = parse(R"({"val_bpb": 0.0, "bytes_total": 0, "bytes_code": 0, "val_loss": "TBD", "name": " "})");
  EXPECT_FALSE(m.val_bpb || m.bytes_total || m.bytes_code || m.val_loss || m.name);
  EXPECT_TRUE(has(m, Kind::blank, "val_bpb"));
  EXPECT_TRUE(has(m, Kind::blank, "name"));
  EXPECT_TRUE(has(m, Kind::wrong_type, "val_loss"));
  EXPECT_EQ(*parse(R"({"bytes_code": 0, "bytes_total": 15976275})").bytes_code, 0) << "claimed to count nothing";
}

TEST(Metadata, ReadsNumbersWrittenAsText) {
  const auto m = parse(R"({"val_bpb": "1.0962", "val_loss": "1.29 (1xH100) / 5.04"})");
  EXPECT_EQ(m.val_bpb->text, "1.0962");
  EXPECT_FALSE(m.val_loss);
  EXPECT_TRUE(has(m, Kind::wrong_type, "val_bpb"));
}

TEST(Metadata, KeepsAnInequalityAsText) {
  const auto bound = parse(R"({"p_value": "<0.001"})");
  EXPECT_EQ(*bound.p_value_text, "<0.001");
  EXPECT_FALSE(bound.p_value);
  EXPECT_EQ(parse(R"({"p_value": 0.00051})").p_value->text, "0.00051");
}

TEST(Metadata, ReadsTimesByTheirUnit) {
  EXPECT_DOUBLE_EQ(*parse(R"({"train_time_ms": 599812})").train_time_ms, 599812);
  EXPECT_DOUBLE_EQ(*parse(R"({"training_time_minutes": 10})").train_time_ms, 600000);
  EXPECT_DOUBLE_EQ(*parse(R"({"training_time": "600s"})").train_time_ms, 600000);
  EXPECT_DOUBLE_EQ(*parse(R"({"eval_time_s_mean": 394.28})").eval_time_ms, 394280);
  const auto list = parse(R"({"eval_time_seconds": [83, 85, 84]})");
  EXPECT_DOUBLE_EQ(*list.eval_time_ms, 85000);
  EXPECT_TRUE(has(list, Kind::wrong_type, "eval_time_seconds"));
  EXPECT_FALSE(has(parse(R"({"wallclock_seconds": 206285.4})"), Kind::inconsistent, "wallclock_seconds"))
      << "days are usual in the unlimited track";
  EXPECT_TRUE(has(parse(R"({"wallclock_seconds": 5998120})"), Kind::inconsistent, "wallclock_seconds"));
}

TEST(Metadata, RecordsNulls) {
  const auto m = parse(R"({"val_bpb": null, "seeds": null})");
  EXPECT_TRUE(has(m, Kind::null_value, "val_bpb"));
  EXPECT_TRUE(has(m, Kind::null_value, "seeds"));
}

TEST(Metadata, LooksIntoResultObjects) {
  const auto m = parse(R"({"results": {"mean_val_bpb": 1.2, "total_artifact_bytes": 15000000}})");
  EXPECT_EQ(m.val_bpb.key, "results.mean_val_bpb");
  EXPECT_EQ(m.bytes_total.key, "results.total_artifact_bytes");
}

TEST(Metadata, ReadsScoresGivenAsMeanAndDeviation) {
  const auto m = parse(R"({"val_bpb": {"seed_42": 1.1, "seed_7": 1.3, "mean": 1.2, "std": 0.1}})");
  EXPECT_EQ(m.val_bpb.key, "val_bpb.mean");
  EXPECT_EQ(m.val_bpb_std->text, "0.1");
  EXPECT_EQ(m.per_seed.size(), 2U);
}

TEST(Metadata, KeepsOnlyTrueAndFalseOfCompliance) {
  const auto m = parse(R"({"compliance": {"three_seeds": true, "no_slot": false, "eval_under_600s": "TBD", "n": 3}})");
  EXPECT_EQ(m.compliance, (std::map<std::string, bool>{{"three_seeds", true}, {"no_slot", false}}));
  EXPECT_TRUE(has(m, Kind::wrong_type, "compliance.eval_under_600s"));
}

TEST(Metadata, RecoversFieldsFromBrokenJson) {
  const auto m = parse("{\n\"val_bpb\": 1.1, // mean\n\"name\": \"x\",\n}");
  EXPECT_FALSE(m.parsed);
  EXPECT_TRUE(m.recovered);
  EXPECT_EQ(m.parse_error_line, 2U);
  EXPECT_EQ(m.val_bpb->text, "1.1");
  EXPECT_EQ(m.val_bpb.line, 2U);
  const auto cut = parse("{\"val_bpb\": 0.9693,\n\"date\": \"2026");
  EXPECT_EQ(cut.val_bpb->text, "0.9693");
}

TEST(Metadata, ReadsTheObjectInAList) {
  const auto m = parse("[\n{\"val_bpb\": 1.1}]");
  EXPECT_TRUE(m.parsed);
  EXPECT_EQ(m.val_bpb.line, 2U);
  EXPECT_TRUE(has(m, Kind::wrong_type, ""));
  EXPECT_FALSE(parse("[1, 2]").parsed);
  EXPECT_FALSE(parse("\"text\"").parsed);
}

TEST(Metadata, ReportsDuplicateAndOddlySpelledKeys) {
  const auto m = parse("{\"val_bpb\": 1.1,\n\"val_bpb\": 1.2, \"Bytes-Total\": 7}");
  EXPECT_EQ(m.val_bpb->text, "1.2");
  EXPECT_TRUE(has(m, Kind::duplicate_key, "val_bpb"));
  EXPECT_EQ(*m.bytes_total, 7);
  EXPECT_TRUE(has(m, Kind::odd_name, "Bytes-Total"));
}

TEST(Metadata, ListsKeysItDoesNotKnow) {
  const auto m = parse(R"({"hardware": "8xH100", "my_bpb_at_home": 3, "val_bpb": 1.1})");
  EXPECT_EQ(m.unknown_keys, std::vector<std::string>{"my_bpb_at_home"});
  EXPECT_EQ(m.keys.size(), 3U);
}

TEST(Metadata, ReadsAuthorsInAnyShape) {
  EXPECT_EQ(*parse(R"({"authors": [{"name": "A", "github_id": "a"}, "B"]})").author, "A, B");
  EXPECT_EQ(*parse(R"({"author": {"name": "A"}})").author, "A");
}

TEST(ChooseMetadataFile, PrefersTheStandardName) {
  EXPECT_EQ(choose_metadata_file({"a.json", "submission_x.json", "submission.json"}), "submission.json");
  EXPECT_EQ(choose_metadata_file({"submission_z.json", "submission_b.json", "train.log"}), "submission_b.json");
  EXPECT_EQ(choose_metadata_file({"logs/submission.json", "results.json"}), "");
  EXPECT_EQ(choose_metadata_file({"Submission.JSON"}), "Submission.JSON");
}

}  // namespace
}  // namespace pg::verify

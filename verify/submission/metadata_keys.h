#pragma once

#include <span>
#include <string_view>

namespace pg::verify {

// What a key's name says about the numbers under it.
enum class Unit { none, bytes, megabytes, milliseconds, seconds, minutes, hours };

// One spelling of a field.
struct Synonym {
  std::string_view key;  // normalised
  Unit unit = Unit::none;
};

// A field of the model and the keys that hold it in the wild, best first. The first is the standard spelling.
struct Field {
  std::string_view name;
  std::span<const Synonym> synonyms;
  bool zero_is_value = false;  // otherwise 0 is taken for the placeholder that it is in the wild
};

// Fields of the file (records.md 2.4 and the keys of about 2,260 submission.json of the contest's pull requests).
extern const Field kName, kAuthor, kGithubId, kDate, kTrack, kBlurb;
extern const Field kValBpb, kValLoss, kValBpbStd, kValLossStd, kPreQuantBpb;
extern const Field kBytesTotal, kBytesTotalMean, kBytesTotalMax, kBytesCode, kBytesModel;
extern const Field kTrainTime, kEvalTime, kSteps, kSeedCount, kPValue;
// Fields of one seed's results.
extern const Field kSeedBpb, kSeedLoss, kSeedBytes, kSeedSteps, kSeedTrainTime, kSeedEvalTime;

// Objects inside which the same keys are looked for after the top level: "results", "metrics" ...
std::span<const std::string_view> result_scopes();
// Keys that hold results by seed: "seed_results", "per_seed" ...
std::span<const std::string_view> seed_containers();

// A key that holds one field for all seeds: {"42": 1.08, ...} or a list beside `seeds`.
struct SeedColumn {
  std::string_view key;
  const Field* field;  // one of kSeed...
  Unit unit = Unit::none;
};
std::span<const SeedColumn> seed_columns();

// Keys that are understood but hold nothing the model needs: hardware, hyper-parameters, prose, comparisons.
bool is_descriptive_key(std::string_view normalized_key);

}  // namespace pg::verify

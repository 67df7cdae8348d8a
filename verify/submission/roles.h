#pragma once

#include "verify/submission/submission.h"

namespace pg::verify {

// How far (bits per byte) a run may lie from the claimed runs and still be one of them. Seeds of one configuration
// spread by about 0.0005 to 0.002 in the merged folders, other configurations lie 0.01 and more apart.
inline constexpr double kSameConfigurationBpb = 0.006;

// Fills Submission::runs from `logs`, `metadata` and `readme_scores`, and `recomputed` from the runs of role claim. May
// switch a run to another of its metric lines where the claim agrees with that line only and its name is not one of
// records.md 5.
void assign_roles(Submission& submission);

// The claim for this seed, nullptr where the metadata has none.
const SeedClaim* seed_claim(const Metadata& metadata, std::optional<std::int64_t> seed);

// The log that holds the run's training: its own, or that of the training_stage run with the same seed.
const LogRun& training_of(const Submission& submission, const SubmittedRun& run);
// The run itself, or its training_stage run: where training_of's lines stand.
const SubmittedRun& training_run(const Submission& submission, const SubmittedRun& run);

// Moves files that hold no run from `logs` to `not_logs`. A file without step, stop or metric lines that prints a
// claimed score which no run log has is a log all the same.
void sort_out_logs(Submission& submission);

// "train_seed42.log", "seed-7", "hybrid_s1337.txt" -> the number.
std::optional<std::int64_t> seed_in_name(std::string_view path);

}  // namespace pg::verify

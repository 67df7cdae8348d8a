#include "verify/submission/metadata_keys.h"

#include <algorithm>
#include <iterator>

namespace pg::verify {
namespace {

using enum Unit;

constexpr Synonym kNameKeys[] = {{"name"},        {"title"},    {"submission_name"}, {"submission_title"},
                                 {"record_name"}, {"run_name"}, {"model_name"}};
constexpr Synonym kAuthorKeys[] = {{"author"}, {"authors"}, {"author_name"}, {"team_name"}, {"team"}};
constexpr Synonym kGithubIdKeys[] = {{"github_id"},     {"github"},      {"github_username"}, {"author_github"},
                                     {"github_handle"}, {"github_user"}, {"author_github_id"}};
constexpr Synonym kDateKeys[] = {{"date"}, {"submission_date"}, {"submitted_at"}};
constexpr Synonym kTrackKeys[] = {{"track"}};
constexpr Synonym kBlurbKeys[] = {{"blurb"}, {"description"}, {"summary"}, {"technique_summary"}, {"abstract"}};

constexpr Synonym kValBpbKeys[] = {{"val_bpb"},
                                   {"mean_val_bpb"},
                                   {"mean_bpb"},
                                   {"val_bpb_mean"},
                                   {"val_bpb_3seed_mean"},
                                   {"val_bpb_mean_3seed"},
                                   {"three_seed_mean_bpb"},
                                   {"bpb_mean"},
                                   {"val_bpb_exact"},
                                   {"final_val_bpb"},
                                   {"final_bpb"},
                                   {"bpb"},
                                   {"bits_per_byte"},
                                   {"score"},
                                   {"val_bits_per_byte"}};
constexpr Synonym kValLossKeys[] = {
    {"val_loss"},           {"mean_val_loss"}, {"val_loss_mean"},        {"val_loss_nats"},  {"mean_val_loss_nats"},
    {"val_loss_nats_mean"}, {"mean_loss"},     {"three_seed_mean_loss"}, {"val_loss_exact"}, {"final_val_loss"}};
constexpr Synonym kValBpbStdKeys[] = {
    {"val_bpb_std"},        {"std_bpb"}, {"std_val_bpb"}, {"val_bpb_3seed_std"}, {"val_bpb_std_3seed"},
    {"three_seed_std_bpb"}, {"bpb_std"}};
constexpr Synonym kValLossStdKeys[] = {
    {"val_loss_std"}, {"std_val_loss"}, {"val_loss_nats_std"}, {"std_val_loss_nats"}, {"std_loss"}};
constexpr Synonym kPreQuantKeys[] = {{"pre_quant_val_bpb"},    {"pre_quant_bpb"},     {"prequant_val_bpb"},
                                     {"prequant_bpb"},         {"val_bpb_pre_quant"}, {"val_bpb_prequant"},
                                     {"val_bpb_prequant_stop"}};

constexpr Synonym kBytesTotalKeys[] = {{"bytes_total", bytes},
                                       {"artifact_bytes_max", bytes},
                                       {"bytes_total_max", bytes},
                                       {"max_artifact_bytes", bytes},
                                       {"three_seed_max_total_bytes", bytes},
                                       {"artifact_size_bytes_max", bytes},
                                       {"artifact_bytes", bytes},
                                       {"total_artifact_bytes", bytes},
                                       {"total_submission_bytes", bytes},
                                       {"total_submission_size_bytes", bytes},
                                       {"submission_size_bytes", bytes},
                                       {"max_observed_submission_size_bytes", bytes},
                                       {"submission_bytes", bytes},
                                       {"total_bytes", bytes},
                                       {"artifact_size_bytes", bytes},
                                       {"size_bytes", bytes},
                                       {"artifact_size", bytes},
                                       {"artifact_size_mb", megabytes},
                                       {"submission_size_mb", megabytes},
                                       {"artifact_mb", megabytes},
                                       {"total_mb", megabytes},
                                       {"size_mb", megabytes}};
constexpr Synonym kBytesTotalMeanKeys[] = {{"artifact_bytes_mean", bytes},
                                           {"mean_artifact_bytes", bytes},
                                           {"bytes_total_mean", bytes},
                                           {"artifact_size_bytes_mean", bytes},
                                           {"three_seed_mean_total_bytes", bytes}};
constexpr Synonym kBytesTotalMaxKeys[] = {{"artifact_bytes_max", bytes},
                                          {"max_artifact_bytes", bytes},
                                          {"bytes_total_max", bytes},
                                          {"artifact_size_bytes_max", bytes},
                                          {"three_seed_max_total_bytes", bytes}};
constexpr Synonym kBytesCodeKeys[] = {{"bytes_code", bytes},
                                      {"code_bytes", bytes},
                                      {"code_size_bytes", bytes},
                                      {"counted_code_bytes", bytes},
                                      {"code_compressed_bytes", bytes},
                                      {"bytes_code_compressed", bytes}};
constexpr Synonym kBytesModelKeys[] = {{"bytes_model", bytes},
                                       {"bytes_model_int8_zlib", bytes},
                                       {"bytes_model_int6_zstd", bytes},
                                       {"bytes_model_compressed", bytes},
                                       {"bytes_model_int6_lzma", bytes},
                                       {"bytes_model_int6_brotli", bytes},
                                       {"bytes_model_int8_zstd", bytes},
                                       {"bytes_model_int8_zstd22", bytes},
                                       {"bytes_model_int6_zstd22", bytes},
                                       {"bytes_model_int6_zlib", bytes},
                                       {"bytes_model_int4_zlib", bytes},
                                       {"bytes_model_mixed_quant_zlib", bytes},
                                       {"bytes_model_quantized_brotli", bytes},
                                       {"model_bytes", bytes},
                                       {"compressed_model_bytes", bytes},
                                       {"quantized_model_bytes", bytes},
                                       {"model_size_bytes", bytes}};

constexpr Synonym kTrainTimeKeys[] = {{"wallclock_seconds", seconds},
                                      {"train_time_ms", milliseconds},
                                      {"training_time_ms", milliseconds},
                                      {"train_wallclock_ms", milliseconds},
                                      {"train_time_seconds", seconds},
                                      {"training_time_seconds", seconds},
                                      {"train_time_s", seconds},
                                      {"training_time_s", seconds},
                                      {"training_seconds", seconds},
                                      {"train_seconds", seconds},
                                      {"train_wallclock_seconds", seconds},
                                      {"training_wallclock_seconds", seconds},
                                      {"training_wallclock_secs", seconds},
                                      {"train_time_seconds_max", seconds},
                                      {"train_time_s_max", seconds},
                                      {"train_wallclock_ms_max", milliseconds},
                                      {"train_time_s_mean", seconds},
                                      {"mean_training_time_seconds", seconds},
                                      {"train_wallclock_ms_mean", milliseconds},
                                      {"wallclock_seconds_mean", seconds},
                                      {"training_time_minutes", minutes},
                                      {"training_time_hours", hours},
                                      {"training_time", seconds}};
constexpr Synonym kEvalTimeKeys[] = {{"eval_time_seconds", seconds},
                                     {"eval_time_ms", milliseconds},
                                     {"eval_time_s", seconds},
                                     {"eval_seconds", seconds},
                                     {"evaluation_time_seconds", seconds},
                                     {"eval_wallclock_seconds", seconds},
                                     {"eval_time_seconds_max", seconds},
                                     {"eval_time_s_max", seconds},
                                     {"total_eval_time_s_max", seconds},
                                     {"eval_time_seconds_total", seconds},
                                     {"eval_time_s_mean", seconds},
                                     {"mean_eval_time_seconds", seconds},
                                     {"eval_times_ms", milliseconds}};
constexpr Synonym kStepsKeys[] = {{"step_stop"},       {"steps"},     {"train_steps"}, {"training_steps"},
                                  {"steps_completed"}, {"stop_step"}, {"final_step"},  {"train_steps_mean"},
                                  {"steps_mean"}};
constexpr Synonym kSeedCountKeys[] = {{"n_seeds"}, {"num_seeds"}, {"seed_count"}, {"seeds_count"}, {"n_seeds_run"}};
constexpr Synonym kPValueKeys[] = {{"p_value"}, {"p_value_one_sided"}};

constexpr Synonym kSeedBpbKeys[] = {{"val_bpb"},   {"val_bpb_exact"}, {"final_val_bpb"},
                                    {"final_bpb"}, {"bpb"},           {"score"}};
constexpr Synonym kSeedLossKeys[] = {{"val_loss"}, {"val_loss_nats"}, {"val_loss_exact"}, {"final_val_loss"}};
constexpr Synonym kSeedBytesKeys[] = {{"artifact_bytes", bytes},      {"bytes_total", bytes},
                                      {"total_bytes", bytes},         {"total_artifact_bytes", bytes},
                                      {"artifact_size_bytes", bytes}, {"total_submission_bytes", bytes},
                                      {"submission_bytes", bytes},    {"bytes", bytes},
                                      {"artifact_mb", megabytes}};
constexpr Synonym kSeedStepsKeys[] = {{"steps"},          {"step_stop"},   {"stop_step"},
                                      {"training_steps"}, {"train_steps"}, {"steps_completed"}};
constexpr Synonym kSeedTrainKeys[] = {{"train_time_ms", milliseconds},
                                      {"train_wallclock_ms", milliseconds},
                                      {"train_ms", milliseconds},
                                      {"train_time_s", seconds},
                                      {"train_s", seconds},
                                      {"train_wallclock_s", seconds},
                                      {"train_seconds", seconds},
                                      {"train_time_seconds", seconds},
                                      {"training_time_seconds", seconds},
                                      {"wallclock_seconds", seconds}};
constexpr Synonym kSeedEvalKeys[] = {{"eval_time_ms", milliseconds},  {"eval_time_s", seconds},
                                     {"eval_time_seconds", seconds},  {"eval_s", seconds},
                                     {"eval_seconds", seconds},       {"total_eval_time_s", seconds},
                                     {"total_eval_seconds", seconds}, {"ttt_eval_time_s", seconds},
                                     {"ttt_eval_seconds", seconds},   {"ttt_eval_ms", milliseconds}};

constexpr std::string_view kResultScopes[] = {"metrics",       "results",       "result",   "primary_result", "final",
                                              "final_metrics", "final_results", "artifact", "sizes",          "score"};
constexpr std::string_view kSeedContainers[] = {
    "seed_results",     "seeds",           "per_seed",     "per_seed_results",
    "results_per_seed", "results_by_seed", "seed_metrics", "results"};

constexpr SeedColumn kSeedColumns[] = {{"seed_scores", &kSeedBpb},
                                       {"seed_bpbs", &kSeedBpb},
                                       {"val_bpb_seeds", &kSeedBpb},
                                       {"val_bpb_per_seed", &kSeedBpb},
                                       {"per_seed_val_bpb", &kSeedBpb},
                                       {"per_seed_bpb", &kSeedBpb},
                                       {"val_bpb", &kSeedBpb},
                                       {"val_loss_seeds", &kSeedLoss},
                                       {"val_loss_per_seed", &kSeedLoss},
                                       {"per_seed_val_loss", &kSeedLoss},
                                       {"val_loss", &kSeedLoss},
                                       {"per_seed_artifact_bytes", &kSeedBytes, bytes},
                                       {"artifact_bytes_per_seed", &kSeedBytes, bytes},
                                       {"artifact_bytes", &kSeedBytes, bytes},
                                       {"artifact_size_bytes", &kSeedBytes, bytes},
                                       {"bytes_total", &kSeedBytes, bytes},
                                       {"train_time_seconds", &kSeedTrainTime, seconds},
                                       {"training_time_ms", &kSeedTrainTime, milliseconds},
                                       {"eval_time_seconds", &kSeedEvalTime, seconds},
                                       {"eval_times_ms", &kSeedEvalTime, milliseconds}};

// Parts of keys whose values describe the run, compare it with others or configure it.
constexpr std::string_view kDescriptiveParts[] = {
    "hardware",     "gpu",    "version",  "note",         "technique",  "attribution", "baseline",  "delta",
    "comparison",   "_pr",    "pr_",      "lineage",      "based_on",   "hyperparam",  "config",    "arch",
    "layer",        "model_", "dim",      "head",         "vocab",      "tokenizer",   "lr",        "momentum",
    "weight_decay", "epochs", "batch",    "seq_len",      "stride",     "quant",       "compress",  "calibration",
    "method",       "status", "reason",   "platform",     "framework",  "container",   "hash",      "url",
    "repo",         "email",  "command",  "script",       "dataset",    "ttt",         "ablation",  "improvement",
    "t_stat",       "welch",  "step_avg", "ms_per_step",  "memory",     "params",      "optimizer", "schedule",
    "enabled",      "base_",  "parent",   "contribution", "changes",    "approach",    "category",  "reference",
    "log",          "keys",   "tags",     "type",         "non_record", "record_"};
constexpr std::string_view kDescriptiveKeys[] = {
    "seed", "compliance", "base",       "dataset", "model", "training",   "evaluation", "type",       "kind",
    "lane", "params",     "iterations", "notes",   "note",  "techniques", "compute",    "environment"};

}  // namespace

const Field kName{"name", kNameKeys}, kAuthor{"author", kAuthorKeys}, kGithubId{"github_id", kGithubIdKeys},
    kDate{"date", kDateKeys}, kTrack{"track", kTrackKeys}, kBlurb{"blurb", kBlurbKeys};
const Field kValBpb{"val_bpb", kValBpbKeys}, kValLoss{"val_loss", kValLossKeys},
    kValBpbStd{"val_bpb_std", kValBpbStdKeys, true}, kValLossStd{"val_loss_std", kValLossStdKeys, true},
    kPreQuantBpb{"pre_quant_val_bpb", kPreQuantKeys};
const Field kBytesTotal{"bytes_total", kBytesTotalKeys}, kBytesTotalMean{"artifact_bytes_mean", kBytesTotalMeanKeys},
    kBytesTotalMax{"artifact_bytes_max", kBytesTotalMaxKeys}, kBytesCode{"bytes_code", kBytesCodeKeys, true},
    kBytesModel{"bytes_model", kBytesModelKeys};
const Field kTrainTime{"wallclock_seconds", kTrainTimeKeys}, kEvalTime{"eval_time_seconds", kEvalTimeKeys},
    kSteps{"step_stop", kStepsKeys}, kSeedCount{"n_seeds", kSeedCountKeys}, kPValue{"p_value", kPValueKeys, true};
const Field kSeedBpb{"val_bpb", kSeedBpbKeys}, kSeedLoss{"val_loss", kSeedLossKeys},
    kSeedBytes{"artifact_bytes", kSeedBytesKeys}, kSeedSteps{"steps", kSeedStepsKeys},
    kSeedTrainTime{"train_time_ms", kSeedTrainKeys}, kSeedEvalTime{"eval_time_ms", kSeedEvalKeys};

std::span<const std::string_view> result_scopes() {
  return kResultScopes;
}

std::span<const std::string_view> seed_containers() {
  return kSeedContainers;
}

std::span<const SeedColumn> seed_columns() {
  return kSeedColumns;
}

bool is_descriptive_key(std::string_view key) {
  // A score or a size is never waved through, whatever else its name says.
  for (const std::string_view score : {"bpb", "bytes", "loss", "score", "size", "bits_per_byte"})
    if (key.find(score) != std::string_view::npos) return false;
  return std::ranges::find(kDescriptiveKeys, key) != std::end(kDescriptiveKeys) ||
         std::ranges::any_of(kDescriptiveParts,
                             [&](std::string_view part) { return key.find(part) != std::string_view::npos; });
}

}  // namespace pg::verify

#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "verify/submission/code.h"
#include "verify/submission/folder.h"
#include "verify/submission/log.h"
#include "verify/submission/metadata.h"
#include "verify/submission/seed_sample.h"

namespace pg::verify {

// What a log is to the claim.
enum class Role {
  claim,           // backs the claimed score
  duplicate,       // byte-identical to another log of the folder
  ablation,        // never reaches the evaluation that the claim rests on
  other_config,    // another configuration: its score is not one of the claimed runs'
  training_stage,  // the training of a run whose claimed evaluation is in another log
  rerun,           // the claimed configuration run again, not counted in the claim
};
const char* role_name(Role role);

// One run log of the folder: its last run and the role that run plays.
struct SubmittedRun {
  Role role = Role::claim;
  std::string role_reason;                   // why, in words
  std::size_t log = 0;                       // index into Submission::logs
  std::optional<std::int64_t> seed;          // the log's own seed line, else the one in the file name
  std::optional<std::int64_t> seed_in_name;  // "train_seed42.log" -> 42
};

struct ReadmeHeadline {
  Decimal val_bpb;
  std::uint32_t line = 0;
  std::string text;
};

// Everything a folder says, in one shape.
struct Submission {
  std::uint64_t id = 0;  // of this reading, unique in the process; 0: put together by hand
  std::string name;      // folder name
  std::string track;     // "10min_16mb", "non_record_16mb" or "" (from the path, else from the metadata)
  bool track_from_path = false;
  FolderListing folder;
  std::string readme;  // path of the README, empty where absent
  std::string readme_text;
  std::vector<ReadmeHeadline> readme_scores;  // bpb values in the order they stand in the README
  Metadata metadata;
  std::vector<LogFile> logs;           // every file that is a run log, sorted by path
  std::vector<std::string> not_logs;   // *.log, *.txt ... that hold no run
  std::vector<SubmittedRun> runs;      // one per log of `logs`, same order
  std::vector<CodeFile> code;          // *.py and the C/C++/CUDA files it reaches, sorted by path
  int entry = -1;                      // index into `code` of the script the claim ran
  std::string entry_reason;            // why that one, in words
  std::vector<std::string> reachable;  // paths reached from the entry (transitively), without itself; sorted

  // Over the runs of role claim that have a score. Sample standard deviation (n - 1); empty where n < 2.
  struct Recomputed {
    int n = 0;
    std::optional<double> mean_bpb, std_bpb, population_std_bpb, mean_loss, min_bpb, max_bpb;
  } recomputed;

  // What the caller wants this folder compared with (--baseline); nothing that the folder says itself.
  std::vector<SeedSample> baselines;

  const LogRun& last_run(const SubmittedRun& run) const { return logs[run.log].runs.back(); }
  // A folder that does not say is judged as a record: the stricter reading.
  bool is_record_track() const { return track != "non_record_16mb"; }
};

// Reads a submission folder. Fails only where `root` is no readable folder. `without`: a folder directly in `root` that
// does not belong to the submission (records/ of a checkout); empty: none.
Result<Submission> load_submission(const std::filesystem::path& root, std::string_view without = {});

}  // namespace pg::verify

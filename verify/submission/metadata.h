#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/decimal.h"

namespace pg::verify {

// A value of submission.json, the key path that held it ("val_bpb", "seed_results.42.val_bpb") and its 1-based line.
template <class T>
struct Claimed {
  std::optional<T> value;
  std::string key;
  std::uint32_t line = 0;
  // How far the true value may lie from `value` because of the unit that it was written in (5,000 for "15.98 MB");
  // 0: as written.
  double half_unit = 0;

  explicit operator bool() const { return value.has_value(); }
  const T& operator*() const { return *value; }
  const T* operator->() const { return &*value; }
};

// One seed's claimed results: seed_results{}, dict-valued seeds{}, seed_scores[] beside seeds[], and the other shapes
// seen in pull requests.
struct SeedClaim {
  std::int64_t seed = 0;
  std::uint32_t line = 0;
  Claimed<Decimal> val_bpb;
  Claimed<Decimal> val_loss;          // nats per token
  Claimed<std::int64_t> bytes_total;  // artifact_bytes and bytes_total mean the same here
  Claimed<std::int64_t> steps;
  Claimed<double> train_time_ms;
  Claimed<double> eval_time_ms;
};

// Any number of submission.json: where it stands and how it was written.
struct MetadataFigure {
  std::vector<std::string> path;  // keys from the top, list positions as "[0]"
  Decimal value;
  std::uint32_t line = 0;
};

// Something about the metadata that a reader has to know: a synonym used, a wrong type, a blank or missing key.
struct MetadataDeviation {
  enum class Kind {
    unreadable,
    synonym,
    wrong_type,
    blank,
    missing,
    null_value,
    duplicate_key,
    inconsistent,
    odd_name
  };
  Kind kind;
  std::string key;
  std::uint32_t line = 0;
  std::string message;
};

// submission.json in one shape, whatever keys and types the author used. Fields that are absent, null or unusable are
// empty; why is in `deviations`.
struct Metadata {
  std::string path;         // relative to the folder; empty: no metadata file at all
  bool parsed = false;      // valid JSON that holds an object (or a list with one)
  std::string parse_error;  // where !parsed and path is not empty: what is wrong and what to change
  std::uint32_t parse_error_line = 0;
  bool recovered = false;         // where !parsed: a tolerant second reading filled the fields below
  std::vector<std::string> keys;  // of the top level, normalised ("val_bpb"), in file order

  Claimed<std::string> name, author, github_id, date, track, blurb;
  Claimed<Decimal> val_bpb;   // the claimed score, bits per byte
  Claimed<Decimal> val_loss;  // nats per token
  Claimed<Decimal> val_bpb_std, val_loss_std;
  Claimed<Decimal> pre_quant_val_bpb;
  Claimed<std::int64_t> bytes_total, bytes_code, bytes_model;
  Claimed<double> bytes_total_mean;       // artifact_bytes_mean
  Claimed<std::int64_t> bytes_total_max;  // artifact_bytes_max
  Claimed<Decimal> p_value;
  Claimed<std::string> p_value_text;  // as written, "<0.001" included
  Claimed<double> train_time_ms, eval_time_ms;
  Claimed<std::int64_t> steps, n_seeds;
  std::vector<std::int64_t> seeds;  // as declared, in order (`seeds` list or dict keys, `seed`, keys of seed_results)
  std::uint32_t seeds_line = 0;
  std::vector<SeedClaim> per_seed;
  // Results the author discloses but does not claim (seed_results_all_runs_disclosure, compliance_rerun ...).
  std::vector<SeedClaim> disclosed;
  std::string disclosed_key;
  std::map<std::string, bool> compliance;  // flags; claims, not evidence
  std::vector<std::string> unknown_keys;   // as spelled; not read and not known to be prose or settings
  std::vector<MetadataDeviation> deviations;
  std::vector<MetadataFigure> figures;  // every number in file order, the first 5,000; NaN and the like left out
};

// Reads one metadata file's content; never fails: what cannot be used becomes a deviation. `path` is for messages.
// Limits: 4 MiB, nesting of 64.
Metadata parse_metadata(std::string_view path, std::string_view json);

// Which file of a folder is the metadata: submission.json, else a single other submission*.json at the top, else the
// first of them in name order; empty where there is none. `paths` are relative to the folder.
std::string choose_metadata_file(const std::vector<std::string>& paths);

}  // namespace pg::verify

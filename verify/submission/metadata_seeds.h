#pragma once

#include <optional>
#include <string_view>

#include "verify/submission/metadata.h"
#include "verify/submission/metadata_values.h"

namespace pg::verify {

// The seed that a key names: "42", "seed_42", "seed42", "s42" exactly; "42_rerun" with `exact` false.
struct SeedKey {
  std::int64_t seed = 0;
  bool exact = true;
};
std::optional<SeedKey> parse_seed_key(std::string_view key);

// Fills seeds, n_seeds, per_seed and disclosed from every shape that occurs: a list of numbers, a dict or list of
// results, columns beside the seeds, keys with the seed in them ("seed_42", "val_bpb_seed42"). Call after the fields
// of the top level are read: a per-seed score without a standard name is taken where its mean is the claimed score.
void read_seeds(const Scope& top, Metadata& metadata, Deviations& deviations);

}  // namespace pg::verify

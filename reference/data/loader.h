#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace pg::data {

// One micro-batch of one rank: ids and targets, row-major [sequences, seq_len], targets[i] = token after ids[i].
struct Batch {
  std::size_t sequences = 0, seq_len = 0;
  std::vector<std::int64_t> ids, targets;
};

// Where training data comes from: endless, the same on every run. Not thread-safe.
class Loader {
 public:
  virtual ~Loader() = default;

  // The next global micro-batch of `global_tokens` tokens; this rank gets its share (global_tokens / world). With A
  // steps of gradient accumulation global_tokens is the batch of a step divided by A. check() must have passed for the
  // two numbers.
  virtual Batch next(std::size_t global_tokens, std::size_t seq_len) = 0;

  // Whether next() can serve this: whole sequences for every rank, and data long enough. To be asked once before a run.
  virtual Status check(std::size_t global_tokens, std::size_t seq_len) const = 0;

  // Position as JSON, enough to go on exactly where it stands (checkpoint resume). It is the same on every rank, so one
  // rank's will do for all. restore() checks that it fits the data.
  virtual nlohmann::json state() const = 0;
  virtual Status restore(const nlohmann::json& state) = 0;
};

// A loader of one of the challenge's systems, by `kind`:
//   sequential   the baseline's: one stream over all shards, a slice of it to each rank, wrapping around
//   shuffled     #1394's: every rank owns shards rank, rank + world, ... and draws their sequences in random order
//   coprime      #726's in the form of #1060: many shards mixed, each walked with a stride coprime to its blocks
//   simple       #1123's and #1465's: one window of one shard after the other, a shard's rest dropped
// Orders are those of the originals, number for number, for the same shards (coprime: the same path strings), rank and
// world. An Error if a shard is broken or holds an id that is not below vocab_size. All tokens of shards rank, rank +
// world, ... are checked, so the ranks together check everything.
Result<std::unique_ptr<Loader>> make_loader(std::string_view kind, const std::vector<std::filesystem::path>& shards,
                                            int rank, int world, std::size_t vocab_size);

}  // namespace pg::data

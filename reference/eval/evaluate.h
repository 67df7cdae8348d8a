#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "reference/base/result.h"
#include "reference/data/byte_table.h"
#include "reference/dist/group.h"
#include "reference/model/model.h"
#include "reference/score/bpb.h"
#include "reference/score/windows.h"

namespace pg::eval {

enum class Mode { kPlain, kSliding };

struct EvalOptions {
  Mode mode = Mode::kPlain;
  std::size_t seq_len = 1024;
  std::size_t stride = 64;  // sliding only
  // kExact scores every target of the text. The others do as the contest's scripts: whole sequences only.
  score::Tail tail = score::Tail::kExact;
  std::size_t batch = 0;                                            // windows at a time; 0: what fits
  std::function<void(std::size_t done, std::size_t all)> progress;  // batches of this process; may be empty
};

struct EvalResult {
  score::Sums sums;
  double val_loss = 0;  // nats per token
  double val_bpb = 0;   // bits per byte
  std::uint64_t windows = 0;
  double ms = 0;  // wall clock of the slowest process
};

// Scores `tokens` (token 0 is context only) with the model as it stands: its looping, its precision. No gradients are
// kept. Collective: every rank calls it with the same tokens and options. Batches, not windows, are dealt out to the
// ranks and their sums are added in the order of the text, so that the result has the same bits with any number of
// processes of the same thread count. Errors: nothing to score, an id outside the vocabulary, a loss that is not
// finite, a failure of the framework (out of memory).
Result<EvalResult> evaluate(model::Model& model, std::span<const std::uint16_t> tokens, const data::ByteTable& bytes,
                            dist::Group& group, const EvalOptions& options);

}  // namespace pg::eval

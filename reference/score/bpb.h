#pragma once

#include <cstdint>

namespace pg::score {

// Total of a set of scored targets (eval.md 1). Sums over batches and processes are added in one fixed order, so the
// same batches give the same bits however many processes scored them.
struct Sums {
  double nats = 0;           // of negative log-likelihood
  std::uint64_t tokens = 0;  // scored targets; one that is scored twice counts twice
  std::uint64_t bytes = 0;   // of text that these targets stand for

  void add(double nll_nats, std::uint64_t target_bytes) {
    nats += nll_nats;
    tokens += 1;
    bytes += target_bytes;
  }
  void merge(const Sums& other);

  double nats_per_token() const;  // the contest's val_loss; NaN without a target
  double bits_per_byte() const;   // the contest's val_bpb; NaN where the targets stand for no byte
  double tokens_per_byte() const;
};

// Bits per byte of a stream of `compressed_bytes` that stands for `text_bytes`.
double bpb_of_compressed(std::uint64_t compressed_bytes, std::uint64_t text_bytes);

}  // namespace pg::score

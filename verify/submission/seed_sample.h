#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pg::verify {

struct Submission;

// One run's score as statistics need it.
struct SeedScore {
  std::optional<std::int64_t> seed;
  double val_bpb = 0;              // bits per byte
  std::optional<double> val_loss;  // nats per token
  int decimals = 0;                // of val_bpb as printed: two seeds that agree to 4 places are nothing odd
};

// The per-seed scores that a folder's claim rests on.
struct SeedSample {
  enum class Source { logged, claimed, given };  // from the logs; from submission.json; numbers of a command line
  std::string name;
  Source source = Source::logged;
  std::vector<SeedScore> scores;
  // val_loss / val_bpb in nats per token and bit per byte: what nats per token are converted by. Empty where no run
  // gives both.
  std::optional<double> ratio;
  bool mixed = false;  // the runs are not of one tokenizer and validation export
  // Why the sample should not be used for a test although it has numbers ("seed 42 stands twice"); empty: no objection.
  std::vector<std::string> objections;
  std::vector<std::string> notes;  // worth knowing, no objection

  std::vector<double> bpb() const;
};
const char* to_string(SeedSample::Source source);

// From the claimed runs' logs; from the per-seed claims of submission.json (their ratio, where they state no losses,
// is that of the logs).
SeedSample logged_sample(const Submission& submission);
SeedSample claimed_sample(const Submission& submission);
// The logs' sample where it has at least two scores or the claims no more; else the claims'.
SeedSample seed_sample(const Submission& submission);

// Fills ratio, mixed, objections and notes from the scores. `fallback` is used where no score has a loss.
void examine_sample(SeedSample& sample, std::optional<double> fallback = {});

}  // namespace pg::verify

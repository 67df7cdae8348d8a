#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/model/model.h"

// This model beside the Python originals, by the numbers that export_parity.py made of them.

namespace pg::model::parity {

struct TensorResult {
  std::string name;
  std::int64_t numel = 0;
  double norm = 0;        // |g| of the original's gradient in f32
  double difference = 0;  // |ours - g|
  double theirs = 0;      // |original in bf16 - g| in a bf16 case; 0 in an f32 one
};

// One pass forward and backward. A bf16 case is held against the original's f32 case of the same shape: bf16 has no
// single right answer, but as many roundings as the original may be as far off as it is.
struct CaseResult {
  Precision precision = Precision::kF32;
  bool looping = false;
  std::int64_t seq_len = 0;
  double loss = 0, loss_original = 0;  // in the case's own precision
  double loss_f32 = 0;                 // the original's in f32
  std::vector<TensorResult> tensors;

  // The largest |ours - g| / |g| of a tensor, and of the whole gradient.
  const TensorResult& worst() const;
  double whole() const;
  double whole_theirs() const;
};

// Losses of the original's training loop and of ours: before each step, and after the last.
struct StepsResult {
  std::vector<double> ours, original;
  double worst() const;  // largest relative difference
};

Result<nlohmann::json> load_numbers(const std::filesystem::path& file);

// The model of the numbers, with its weights. An Error where names, order or shapes are not the original's.
Result<std::unique_ptr<Model>> make_model(const nlohmann::json& numbers, const Runtime& runtime);

// All cases. `gradients`: the file of --gradients, with which ours are compared entry by entry instead of by
// projections; empty: none.
Result<std::vector<CaseResult>> run_cases(const nlohmann::json& numbers, Runtime runtime,
                                          const std::filesystem::path& gradients = {});

// The ten steps; numbers without them give an empty result.
Result<StepsResult> run_steps(const nlohmann::json& numbers, Runtime runtime);

}  // namespace pg::model::parity

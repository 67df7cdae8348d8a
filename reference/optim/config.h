#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace pg::optim {

enum class Orthogonalizer { kNs5, kPolarExpress };  // optim.md 1.1, 1.6

// Of Newton-Schulz, of the exchanged update and, in the sharded form, of momentum. The originals use bf16; a CPU
// without bf16 instructions is many times faster in f32. kAuto: bf16 on a GPU, f32 on a CPU.
enum class MuonPrecision { kAuto, kBf16, kF32 };

enum class MuonForm { kRoundRobin, kSharded };  // optim.md 1.3, 1.4

// The "optim" object of a preset. Names are the originals' environment variables in lower case; defaults are the
// baseline's.
struct Config {
  double tied_embed_lr = 0.05;  // of the embedding where it is the head as well
  double embed_lr = 0.6;        // of the embedding where it is not
  double head_lr = 0.008;
  double matrix_lr = 0.04;
  double scalar_lr = 0.04;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double adam_eps = 1e-8;
  double muon_wd = 0;  // decoupled weight decay: matrices, embeddings, scalars
  double embed_wd = 0;
  double adam_wd = 0;
  double muon_momentum = 0.95;
  double muon_momentum_warmup_start = 0.85;
  int muon_momentum_warmup_steps = 500;
  int muon_backend_steps = 5;
  bool muon_row_normalize = false;  // MuonEq-R, optim.md 1.5
  Orthogonalizer muon_orthogonalizer = Orthogonalizer::kNs5;
  MuonPrecision muon_precision = MuonPrecision::kAuto;
  MuonForm muon_form = MuonForm::kRoundRobin;
  double grad_clip_norm = 0;  // global L2 norm; 0: off
  // Block parameters whose name contains one of these are trained by Adam whatever their shape.
  std::vector<std::string> control_tensor_name_patterns = {"attn_scale", "attn_scales", "mlp_scale",    "mlp_scales",
                                                           "resid_mix",  "resid_mixes", "q_gain",       "skip_weight",
                                                           "skip_weights", "skip_gates"};
};

// `where` names the object in errors. Unknown fields are refused.
Result<Config> config_from_json(const nlohmann::json& optim, std::string_view where);
nlohmann::json to_json(const Config& config);

// Warm-up of Muon's momentum (optim.md 2): linear from the start value over the first steps. `step` counts from 0.
double momentum_at(const Config& config, std::int64_t step);

}  // namespace pg::optim

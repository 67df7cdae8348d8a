#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace pg::model {

enum class Init {
  kDefault,
  kOrthogonal
};  // of linear layers: framework default, or orthogonal from 64 x 64 (model.md 2.8)

// Blocks start..end run count + 1 times once looping is on (model.md 2.17). count 0: no recurrence.
struct Loop {
  int count = 0;
  int start = 0;
  int end = 0;
};

// The architecture of a system: the "model" object of a preset. Defaults are the baseline's. Formulas: model.md.
struct Config {
  int vocab_size = 1024;
  int layers = 9;
  int dim = 512;
  int heads = 8;
  int kv_heads = 4;
  int hidden = 1024;      // width inside the MLP
  int embedding_dim = 0;  // 0: dim; otherwise factorised (embed_proj, head_proj)
  bool tie_embeddings = true;
  double embed_init_std = 0.005;
  double softcap = 30.0;
  double rope_base = 10000.0;
  int rope_dims = 0;         // rotated entries of a head; 0: all
  int train_seq_len = 1024;  // above it the rotation's base is rescaled where rope_dims is given (model.md 2.1)
  double q_gain_init = 1.5;
  double leaky_slope = 0.0;  // 0: relu^2
  bool ln_scale = false;
  bool skip_gates = false;
  int xsa_last_n = 0;
  int parallel_from = -1;  // first block whose branches read the same input (model.md 2.18 a); -1: none
  Loop loop;
  Init init = Init::kDefault;
  bool init_through_bf16 = true;   // initial weights are rounded to bf16 once, as the originals' cast of the model does
  double norm_eps = 1.1920929e-7;  // epsilon of f32: what PyTorch since January 2025 takes for none (model.md 0.1)

  // Blocks beyond the above (feature.h): name -> its settings, e.g. {"smear_gate": {}}.
  std::map<std::string, std::map<std::string, double>> features;

  // The first field that makes no sense, its value and the way out.
  Status validate() const;
  int head_dim() const { return dim / heads; }
  int embedding_width() const { return embedding_dim > 0 ? embedding_dim : dim; }
  // Physical indices in the order they run, and where the decoder half starts.
  struct Order {
    std::vector<int> encoder, decoder;
  };
  Order order(bool looping) const;
  int skip_rows() const;
  // Parameters in all, from the shapes alone.
  long long parameter_count() const;
};

// A preset is a JSON file with the objects "model", "optim", "train", "data" and "eval"; each part reads its own.
Result<Config> config_from_json(const nlohmann::json& model, std::string_view where);
nlohmann::json to_json(const Config& config);

// NAME (a file of reference/presets or of $PGREF_DATA_DIR) or a path to a .json file -> the parsed preset.
Result<nlohmann::json> load_preset(std::string_view name_or_path);
std::vector<std::string> preset_names();

}  // namespace pg::model

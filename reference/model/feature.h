#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/model/config.h"
#include "reference/model/ops.h"
#include "reference/model/parameter_spec.h"

// A feature is a block that not every system has: an own file in features/ that declares its settings, its parameters
// and what it does at the hooks below, and a line in feature.cc. Nothing else knows it (HACKING.md).

namespace pg::model {

// Where a feature's parameters stand among the others, so that the order is that of named_parameters().
enum class Place {
  kModel,           // the model's own, behind skip_weights and skip_gates
  kAfterEmbedding,  // modules between tok_emb and the blocks
  kBlock,           // a block's own, behind resid_mix
  kAttention,       // an attention's own, behind q_gain
  kAfterBlocks
};

// What every hook may read.
struct Hook {
  const at::Tensor& ids;  // [B, T] int64
  const Ops& ops;
  std::int64_t from = 0;  // scores are wanted for the positions from here on
};

class Feature {
 public:
  virtual ~Feature() = default;

  // Rows of the embedding, before the norm. x: [B, T, E].
  virtual at::Tensor embedded(const Hook&, const at::Tensor& x) { return x; }
  // Behind the norm and embed_proj, before x0 is taken. x: [B, T, d].
  virtual at::Tensor stream(const Hook&, const at::Tensor& x) { return x; }
  // Values of a block before attention. v: [B, T, Hkv, D].
  virtual at::Tensor values(const Hook&, int /*layer*/, const at::Tensor& v) { return v; }
  // What the heads of a block give, behind XSA and before attn.proj. input: [B, T, d], the normalised input of the
  // block; y: [B, T, H, D].
  virtual at::Tensor heads(const Hook&, int /*layer*/, const at::Tensor& /*input*/, const at::Tensor& y) { return y; }
  // Products with the embedding, before the softcap. z: [B * (T - from), V].
  virtual at::Tensor scores(const Hook&, const at::Tensor& z) { return z; }
};

using Settings = std::map<std::string, double>;
using Lookup = std::function<at::Tensor(std::string_view name)>;  // a parameter of the feature, by its full name

struct FeatureType {
  std::string_view name;
  std::vector<std::string_view> settings;  // keys it knows; all have defaults
  // An Error, in words, if the settings make no sense for `config`.
  Status (*validate)(const Config& config, const Settings& settings);
  // Its parameters at `place`; `layer` counts for kBlock and kAttention.
  std::vector<ParameterSpec> (*parameters)(const Config& config, const Settings& settings, Place place, int layer);
  std::unique_ptr<Feature> (*create)(const Config& config, const Settings& settings, const Lookup& parameter);
};

const std::vector<const FeatureType*>& feature_types();
const FeatureType* find_feature(std::string_view name);  // null if there is none

}  // namespace pg::model

#include "reference/model/parameter_spec.h"

#include <fmt/format.h>

#include <cmath>

#include "reference/model/feature.h"

namespace pg::model {
namespace {

class List {
 public:
  explicit List(const Config& config) : config_(config) {}

  void control(std::string name, std::vector<std::int64_t> shape, double value) {
    specs_.push_back({std::move(name), std::move(shape), Role::kControl, Fill::kConstant, value});
  }
  void linear(std::string name, std::int64_t out, std::int64_t in, bool zero_init = false) {
    specs_.push_back(linear_spec(config_, std::move(name), out, in, zero_init));
  }
  void embedding(std::string name, std::int64_t rows, std::int64_t width, double std) {
    specs_.push_back({std::move(name), {rows, width}, Role::kEmbedding, Fill::kNormal, std});
  }
  void features(Place place, int layer = -1) {
    for (const auto& [name, settings] : config_.features) {
      for (ParameterSpec& spec : find_feature(name)->parameters(config_, settings, place, layer))
        specs_.push_back(std::move(spec));
    }
  }
  void mix(std::string name, std::int64_t width) {
    specs_.push_back({std::move(name), {2, width}, Role::kControl, Fill::kFirstRowOnes, 1.0});
  }
  std::vector<ParameterSpec> take() { return std::move(specs_); }

 private:
  const Config& config_;
  std::vector<ParameterSpec> specs_;
};

// A module's own parameters come before those of the modules inside it.
void add_block(List& list, const Config& config, int layer) {
  const std::string block = fmt::format("blocks.{}.", layer);
  const std::int64_t kv_width = config.kv_heads * config.head_dim();
  list.control(block + "attn_scale", {config.dim}, 1.0);
  list.control(block + "mlp_scale", {config.dim}, 1.0);
  list.mix(block + "resid_mix", config.dim);
  list.features(Place::kBlock, layer);
  list.control(block + "attn.q_gain", {config.heads}, config.q_gain_init);
  list.features(Place::kAttention, layer);
  list.linear(block + "attn.c_q.weight", config.dim, config.dim);
  list.linear(block + "attn.c_k.weight", kv_width, config.dim);
  list.linear(block + "attn.c_v.weight", kv_width, config.dim);
  list.linear(block + "attn.proj.weight", config.dim, config.dim, /*zero_init=*/true);
  list.linear(block + "mlp.fc.weight", config.hidden, config.dim);
  list.linear(block + "mlp.proj.weight", config.dim, config.hidden, /*zero_init=*/true);
}

}  // namespace

std::int64_t ParameterSpec::numel() const {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

ParameterSpec linear_spec(const Config& config, std::string name, std::int64_t out, std::int64_t in, bool zero_init) {
  ParameterSpec spec{std::move(name), {out, in}, Role::kLinear, Fill::kConstant, 0.0};
  if (zero_init) return spec;
  const bool orthogonal = config.init == Init::kOrthogonal && out >= 64 && in >= 64;
  spec.fill = orthogonal ? Fill::kOrthogonal : Fill::kUniform;
  spec.value = orthogonal ? 1.0 : 1.0 / std::sqrt(static_cast<double>(in));
  return spec;
}

std::vector<ParameterSpec> parameter_specs(const Config& config) {
  List list(config);
  const int width = config.embedding_width();
  list.control("skip_weights", {config.skip_rows(), config.dim}, 1.0);
  if (config.skip_gates) list.control("skip_gates", {config.skip_rows(), config.dim}, 0.0);
  list.features(Place::kModel);
  // The framework draws an embedding from N(0, 1); the originals draw it anew only where it is tied.
  list.embedding("tok_emb.weight", config.vocab_size, width, config.tie_embeddings ? config.embed_init_std : 1.0);
  if (width != config.dim) {
    list.linear("embed_proj.weight", config.dim, width);
    list.linear("head_proj.weight", width, config.dim);
  }
  list.features(Place::kAfterEmbedding);
  for (int layer = 0; layer < config.layers; ++layer) add_block(list, config, layer);
  if (!config.tie_embeddings) list.linear("lm_head.weight", config.vocab_size, width, /*zero_init=*/true);
  list.features(Place::kAfterBlocks);
  return list.take();
}

}  // namespace pg::model

#include "reference/model/gpt.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/tanh.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace pg::model {

Gpt::Gpt(Config config, Runtime runtime, std::vector<Parameter> parameters)
    : config_(std::move(config)),
      runtime_(runtime),
      ops_(runtime.kernels == Kernels::kFused ? fused_ops() : plain_ops()),
      parameters_(std::move(parameters)),
      plain_order_(config_.order(false)),
      loop_order_(config_.order(true)) {
  tok_emb_ = parameter("tok_emb.weight");
  embed_proj_ = parameter("embed_proj.weight");
  head_proj_ = parameter("head_proj.weight");
  lm_head_ = parameter("lm_head.weight");
  skip_weights_ = parameter("skip_weights");
  skip_gates_ = parameter("skip_gates");
  for (int layer = 0; layer < config_.layers; ++layer) {
    const auto of = [&](const char* name) { return parameter(fmt::format("blocks.{}.{}", layer, name)); };
    blocks_.push_back({of("attn_scale"), of("mlp_scale"), of("resid_mix"), of("attn.q_gain"), of("attn.c_q.weight"),
                       of("attn.c_k.weight"), of("attn.c_v.weight"), of("attn.proj.weight"), of("mlp.fc.weight"),
                       of("mlp.proj.weight")});
  }
  for (const auto& [name, settings] : config_.features)
    features_.push_back(
        find_feature(name)->create(config_, settings, [&](std::string_view n) { return parameter(n); }));
}

// Undefined where the config has no such parameter.
at::Tensor Gpt::parameter(std::string_view name) const {
  for (const Parameter& p : parameters_) {
    if (p.name == name) return p.tensor;
  }
  return {};
}

// The originals' order of operations. Theirs is a buffer that .bfloat16() rounds with the rest of the model; where a
// sequence is longer than in training they compute it anew and do not. Positions and angles are f32, as their compiled
// graph has them (in eager mode they would be bf16, 8 apart from position 1024 on).
void Gpt::make_rotation(std::int64_t positions) {
  if (cos_.defined() && cos_.size(0) == positions) return;
  const at::NoGradGuard no_grad;
  const int width = config_.rope_dims > 0 ? config_.rope_dims : config_.head_dim();
  double base = config_.rope_base;
  const bool stretched = config_.rope_dims > 0 && positions > config_.train_seq_len;
  if (stretched) {
    const double stretch = static_cast<double>(positions) / config_.train_seq_len;
    base *= std::pow(stretch, static_cast<double>(width) / (width - 2));
  }
  const auto f32 = at::TensorOptions().dtype(at::kFloat).device(runtime_.device);
  at::Tensor frequencies = 1.0 / at::pow(base, at::arange(0, width, 2, f32) / width);
  if (runtime_.precision == Precision::kBf16 && !stretched) frequencies = frequencies.to(at::kBFloat16).to(at::kFloat);
  const at::Tensor angles = at::outer(at::arange(positions, f32), frequencies);
  cos_ = angles.cos();
  sin_ = angles.sin();
}

at::Tensor Gpt::embed(const at::Tensor& ids) {
  const Hook hook{ids, ops_};
  at::Tensor x = at::embedding(tok_emb_, ids);
  for (const auto& feature : features_) x = feature->embedded(hook, x);
  x = ops_.rms_norm(x, config_.norm_eps, 1.0);
  if (embed_proj_.defined()) x = ops_.linear(x, embed_proj_);
  for (const auto& feature : features_) x = feature->stream(hook, x);
  return x;
}

at::Tensor Gpt::skip(int row, const at::Tensor& x, const at::Tensor& saved) const {
  const at::Tensor weight = skip_weights_.select(0, row);
  if (!skip_gates_.defined()) return ops_.add_scaled(x, saved, weight);
  return ops_.gated_skip(x, saved, weight, skip_gates_.select(0, row));
}

at::Tensor Gpt::attention(const Hook& hook, int layer, const at::Tensor& x) {
  const Block& b = blocks_[static_cast<std::size_t>(layer)];
  const auto heads = [&](const at::Tensor& w, int count) {
    return ops_.linear(x, w).view({x.size(0), x.size(1), count, config_.head_dim()});
  };
  const at::Tensor q = ops_.norm_rope_gain(heads(b.c_q, config_.heads), cos_, sin_, b.q_gain, config_.norm_eps);
  const at::Tensor k = ops_.norm_rope_gain(heads(b.c_k, config_.kv_heads), cos_, sin_, {}, config_.norm_eps);
  at::Tensor v = heads(b.c_v, config_.kv_heads);
  for (const auto& feature : features_) v = feature->values(hook, layer, v);
  at::Tensor y = ops_.causal_attention(q, k, v);
  if (layer >= config_.layers - config_.xsa_last_n) y = ops_.exclude_self(y, v);
  for (const auto& feature : features_) y = feature->heads(hook, layer, x, y);
  return ops_.linear(y.reshape(x.sizes()), b.proj);
}

at::Tensor Gpt::mlp(const Block& block, const at::Tensor& x) const {
  return ops_.linear(ops_.leaky_relu_squared(ops_.linear(x, block.fc), config_.leaky_slope), block.mlp_proj);
}

at::Tensor Gpt::block(const Hook& hook, int layer, const at::Tensor& x, const at::Tensor& x0) {
  const Block& b = blocks_[static_cast<std::size_t>(layer)];
  const double scale = config_.ln_scale ? 1.0 / std::sqrt(layer + 1.0) : 1.0;
  const bool parallel = config_.parallel_from >= 0 && layer >= config_.parallel_from;
  const auto [mixed, normed] = ops_.residual_mix_norm(x, x0, b.resid_mix, config_.norm_eps, scale);
  const at::Tensor out = attention(hook, layer, normed);
  if (parallel) return ops_.add_scaled(ops_.add_scaled(mixed, out, b.attn_scale), mlp(b, normed), b.mlp_scale);
  const auto [attended, input] = ops_.add_scaled_norm(mixed, out, b.attn_scale, config_.norm_eps, scale);
  return ops_.add_scaled(attended, mlp(b, input), b.mlp_scale);
}

at::Tensor Gpt::scores(const at::Tensor& ids, std::int64_t from) {
  make_rotation(ids.size(1));
  const Hook hook{ids, ops_, from};
  const Config::Order& order = looping_ ? loop_order_ : plain_order_;
  at::Tensor x = embed(ids);
  const at::Tensor x0 = x;
  std::vector<at::Tensor> saved;
  for (const int layer : order.encoder) {
    x = block(hook, layer, x, x0);
    saved.push_back(x);
  }
  int row = 0;
  for (const int layer : order.decoder) {
    if (!saved.empty()) {
      x = skip(row++, x, saved.back());
      saved.pop_back();
    }
    x = block(hook, layer, x, x0);
  }
  if (from > 0) x = x.slice(1, from).contiguous();
  x = ops_.rms_norm(x, config_.norm_eps, 1.0);
  if (head_proj_.defined()) x = ops_.linear(x, head_proj_);
  at::Tensor z = ops_.linear(x.flatten(0, 1), lm_head_.defined() ? lm_head_ : tok_emb_);
  for (const auto& feature : features_) z = feature->scores(hook, z);
  return z;
}

at::Tensor Gpt::logits(const at::Tensor& ids) {
  const at::Tensor z = scores(ids, 0);
  return (config_.softcap * at::tanh(z / config_.softcap)).view({ids.size(0), ids.size(1), -1});
}

at::Tensor Gpt::token_nll(const at::Tensor& ids, const at::Tensor& targets, std::int64_t from) {
  const at::Tensor scored = targets.slice(1, from);
  return ops_.softcap_nll(scores(ids, from), scored.flatten(), config_.softcap).view(scored.sizes());
}

at::Tensor Gpt::accumulate_gradients(const at::Tensor& ids, const at::Tensor& targets, double scale) {
  const at::AutoGradMode with_grad(true);
  const at::Tensor loss = token_nll(ids, targets, 0).mean();
  torch::autograd::backward({loss}, {at::full({}, scale, loss.options())});
  return loss.detach();
}

}  // namespace pg::model

#pragma once

#include <memory>
#include <vector>

#include "reference/model/feature.h"
#include "reference/model/model.h"

namespace pg::model {

// Model::create's network: embedding, blocks in the order of Config::order with skips from the first half to the
// second, head. Names and formulas: model.md 1 and 2.
class Gpt final : public Model {
 public:
  // `config` must be valid; parameters in the order of parameter_specs(config).
  Gpt(Config config, Runtime runtime, std::vector<Parameter> parameters);

  const Config& config() const override { return config_; }
  const Runtime& runtime() const override { return runtime_; }
  std::vector<Parameter>& parameters() override { return parameters_; }
  void set_looping(bool active) override { looping_ = active && config_.loop.count > 0; }
  bool looping() const override { return looping_; }
  at::Tensor logits(const at::Tensor& ids) override;
  using Model::token_nll;
  at::Tensor token_nll(const at::Tensor& ids, const at::Tensor& targets, std::int64_t from) override;
  at::Tensor accumulate_gradients(const at::Tensor& ids, const at::Tensor& targets, double scale) override;

 private:
  struct Block {
    at::Tensor attn_scale, mlp_scale, resid_mix, q_gain, c_q, c_k, c_v, proj, fc, mlp_proj;
  };

  at::Tensor parameter(std::string_view name) const;
  at::Tensor embed(const at::Tensor& ids);                                       // -> [B, T, d]
  at::Tensor skip(int row, const at::Tensor& x, const at::Tensor& saved) const;  // -> [B, T, d]
  at::Tensor block(const Hook& hook, int layer, const at::Tensor& x, const at::Tensor& x0);
  at::Tensor attention(const Hook& hook, int layer, const at::Tensor& x);  // x normalised, [B, T, d]
  at::Tensor mlp(const Block& block, const at::Tensor& x) const;
  at::Tensor scores(const at::Tensor& ids, std::int64_t from);  // -> [B * (T - from), V], no softcap
  void make_rotation(std::int64_t positions);

  Config config_;
  Runtime runtime_;
  const Ops& ops_;
  std::vector<Parameter> parameters_;
  std::vector<Block> blocks_;
  at::Tensor tok_emb_, embed_proj_, head_proj_, lm_head_, skip_weights_, skip_gates_;
  std::vector<std::unique_ptr<Feature>> features_;
  Config::Order plain_order_, loop_order_;
  bool looping_ = false;
  at::Tensor cos_, sin_;  // [T, rope_dims / 2] f32 for the last T
};

}  // namespace pg::model

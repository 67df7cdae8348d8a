// The presets of records hold the hyperparameters that the records' logs print.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference/model/config.h"

namespace pg::model {
namespace {

using nlohmann::json;

// What the logs of #1394, #1413 and #1437 have in common.
const json kFamily = {{"/model/vocab_size", 8192},
                      {"/model/layers", 11},
                      {"/model/dim", 512},
                      {"/model/heads", 8},
                      {"/model/kv_heads", 4},
                      {"/model/hidden", 2048},
                      {"/model/tie_embeddings", true},
                      {"/model/embed_init_std", 0.005},
                      {"/model/softcap", 30.0},
                      {"/model/rope_base", 10000.0},
                      {"/model/rope_dims", 16},
                      {"/model/train_seq_len", 2048},
                      {"/model/leaky_slope", 0.5},
                      {"/model/ln_scale", true},
                      {"/model/skip_gates", true},
                      {"/model/xsa_last_n", 11},
                      {"/model/loop/count", 2},
                      {"/model/loop/end", 5},
                      {"/optim/matrix_lr", 0.02},
                      {"/optim/scalar_lr", 0.02},
                      {"/optim/tied_embed_lr", 0.03},
                      {"/optim/embed_lr", 0.6},
                      {"/optim/head_lr", 0.008},
                      {"/optim/muon_momentum", 0.99},
                      {"/optim/muon_momentum_warmup_start", 0.92},
                      {"/optim/muon_momentum_warmup_steps", 1500},
                      {"/optim/muon_backend_steps", 5},
                      {"/optim/muon_row_normalize", true},
                      {"/optim/muon_wd", 0.085},
                      {"/optim/embed_wd", 0.085},
                      {"/optim/adam_wd", 0.02},
                      {"/optim/beta1", 0.9},
                      {"/optim/beta2", 0.95},
                      {"/optim/adam_eps", 1e-8},
                      {"/optim/grad_clip_norm", 0.3},
                      {"/train/train_batch_tokens", 786432},
                      {"/train/train_seq_len", 2048},
                      {"/train/iterations", 20000},
                      {"/train/warmdown_frac", 0.667},
                      {"/train/min_lr", 0.0},
                      {"/train/max_wallclock_seconds", 600.0},
                      {"/train/gptq_reserve_seconds", 12.0},
                      {"/train/enable_looping_at", 0.5},
                      {"/train/ema_decay", 0.997},
                      {"/train/train_log_every", 500},
                      {"/train/val_loss_every", 4000},
                      {"/data/vocab_size", 8192},
                      {"/eval/eval_seq_len", 2048},
                      {"/eval/eval_stride", 64},
                      {"/eval/val_batch_tokens", 524288},
                      {"/eval/require_bare_space_mark", true}};

// And of the first record's script.
const json kBaseline = {{"/model/vocab_size", 1024},
                        {"/model/layers", 9},
                        {"/model/dim", 512},
                        {"/model/heads", 8},
                        {"/model/kv_heads", 4},
                        {"/model/hidden", 1024},
                        {"/model/q_gain_init", 1.5},
                        {"/model/train_seq_len", 1024},
                        {"/optim/matrix_lr", 0.04},
                        {"/optim/scalar_lr", 0.04},
                        {"/optim/tied_embed_lr", 0.05},
                        {"/optim/muon_momentum", 0.95},
                        {"/optim/muon_momentum_warmup_start", 0.85},
                        {"/optim/muon_momentum_warmup_steps", 500},
                        {"/optim/muon_row_normalize", false},
                        {"/optim/grad_clip_norm", 0.0},
                        {"/train/train_batch_tokens", 524288},
                        {"/train/train_seq_len", 1024},
                        {"/train/iterations", 20000},
                        {"/train/warmdown_iters", 1200},
                        {"/train/max_wallclock_seconds", 600.0},
                        {"/data/loader", "sequential"},
                        {"/eval/eval_seq_len", 1024},
                        {"/eval/eval_stride", 0}};

void expect_values(const char* preset, const json& values) {
  const auto loaded = load_preset(preset);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  for (const auto& [at, value] : values.items()) {
    const json::json_pointer pointer(at);
    ASSERT_TRUE(loaded->contains(pointer)) << preset << at;
    EXPECT_EQ(loaded->at(pointer), value) << preset << at;
  }
}

TEST(Presets, HoldWhatTheRecordsLogsPrint) {
  expect_values("baseline", kBaseline);
  for (const char* preset : {"pr1394", "pr1413", "pr1437"}) expect_values(preset, kFamily);
  expect_values("pr1394", {{"/model/q_gain_init", 4.0}, {"/model/loop/start", 4}});
  expect_values("pr1413", {{"/model/q_gain_init", 5.0}, {"/model/loop/start", 4}});
  expect_values("pr1437", {{"/model/q_gain_init", 5.0}, {"/model/loop/start", 3}, {"/model/parallel_from", 7}});
}

}  // namespace
}  // namespace pg::model

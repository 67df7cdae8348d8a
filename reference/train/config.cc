#include "reference/train/config.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "reference/optim/json_fields.h"

namespace pg::train {
namespace {

constexpr std::int64_t kMany = 1'000'000'000'000;

}  // namespace

Result<Config> config_from_json(const nlohmann::json& train, std::string_view where) {
  Config c;
  optim::JsonFields fields(train, where);
  auto seed = static_cast<std::int64_t>(c.seed);
  fields.integer("seed", seed, 0, std::numeric_limits<std::int64_t>::max() / 2);
  c.seed = static_cast<std::uint64_t>(seed);
  fields.integer("iterations", c.iterations, 0, kMany);
  fields.integer("train_batch_tokens", c.train_batch_tokens, 1, kMany);
  fields.integer("train_seq_len", c.train_seq_len, 1, 1 << 24);
  fields.number("max_wallclock_seconds", c.max_wallclock_seconds, 0, 1e9);
  fields.number("gptq_reserve_seconds", c.gptq_reserve_seconds, 0, 1e9);
  fields.integer("warmdown_iters", c.warmdown_iters, 0, kMany);
  fields.number("warmdown_frac", c.warmdown_frac, -1, 1);
  fields.number("min_lr", c.min_lr, 0, 1);
  fields.integer("lr_warmup_steps", c.lr_warmup_steps, 0, kMany);
  fields.number("enable_looping_at", c.enable_looping_at, 0, 2);
  fields.number("ema_decay", c.ema_decay, 0, 1);
  fields.integer("swa_every", c.swa_every, 0, kMany);
  fields.number("swa_start", c.swa_start, 0, 1);
  fields.integer("grad_accum_steps", c.grad_accum_steps, 1, 1 << 20);
  fields.integer("train_log_every", c.train_log_every, 0, kMany);
  fields.integer("val_loss_every", c.val_loss_every, 0, kMany);
  fields.integer("checkpoint_every", c.checkpoint_every, 0, kMany);
  if (const Status status = fields.finish(); !status) return status.error();
  if (c.train_batch_tokens % (c.grad_accum_steps * c.train_seq_len) != 0)
    return Error{
        fmt::format("{}: \"train_batch_tokens\" {} is not a multiple of \"grad_accum_steps\" {} times "
                    "\"train_seq_len\" {}",
                    where, c.train_batch_tokens, c.grad_accum_steps, c.train_seq_len)};
  if (c.max_wallclock_seconds > 0 && c.gptq_reserve_seconds >= c.max_wallclock_seconds)
    return Error{fmt::format("{}: \"gptq_reserve_seconds\" {} leaves nothing of \"max_wallclock_seconds\" {}", where,
                             c.gptq_reserve_seconds, c.max_wallclock_seconds)};
  return c;
}

nlohmann::json to_json(const Config& c) {
  return {{"seed", c.seed},
          {"iterations", c.iterations},
          {"train_batch_tokens", c.train_batch_tokens},
          {"train_seq_len", c.train_seq_len},
          {"max_wallclock_seconds", c.max_wallclock_seconds},
          {"gptq_reserve_seconds", c.gptq_reserve_seconds},
          {"warmdown_iters", c.warmdown_iters},
          {"warmdown_frac", c.warmdown_frac},
          {"min_lr", c.min_lr},
          {"lr_warmup_steps", c.lr_warmup_steps},
          {"enable_looping_at", c.enable_looping_at},
          {"ema_decay", c.ema_decay},
          {"swa_every", c.swa_every},
          {"swa_start", c.swa_start},
          {"grad_accum_steps", c.grad_accum_steps},
          {"train_log_every", c.train_log_every},
          {"val_loss_every", c.val_loss_every},
          {"checkpoint_every", c.checkpoint_every}};
}

Result<DataConfig> data_config_from_json(const nlohmann::json& data, std::string_view where) {
  DataConfig c;
  optim::JsonFields fields(data, where);
  const std::vector<std::string> loaders = {"sequential", "shuffled", "coprime", "simple"};
  int loader = 0;
  fields.choice("loader", loader, loaders);
  c.loader = loaders[static_cast<std::size_t>(loader)];
  fields.integer("vocab_size", c.vocab_size, 1, 65536);
  if (const Status status = fields.finish(); !status) return status.error();
  return c;
}

nlohmann::json to_json(const DataConfig& c) {
  return {{"loader", c.loader}, {"vocab_size", c.vocab_size}};
}

Status check_world(const Config& c, int world) {
  if (c.grad_accum_steps % world == 0) return {};
  return Error{fmt::format(
      "{} processes (WORLD_SIZE) cannot share the {} micro-batches of a step evenly; start a number of processes that "
      "divides {}, or change \"grad_accum_steps\" of the preset",
      world, c.grad_accum_steps, c.grad_accum_steps)};
}

}  // namespace pg::train

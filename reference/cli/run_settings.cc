#include "reference/cli/run_settings.h"

#include <fmt/format.h>

#include <filesystem>

#include "reference/base/text.h"
#include "reference/optim/json_fields.h"

namespace pg::cli {
namespace {

Result<EvalSettings> eval_from_json(const nlohmann::json& eval, const std::string& where) {
  std::int64_t seq_len = 1024, stride = 0, batch = 0;
  optim::JsonFields fields(eval, where);
  fields.integer("eval_seq_len", seq_len, 1, 1 << 24);
  fields.integer("eval_stride", stride, 0, 1 << 24);
  fields.integer("val_batch_tokens", batch, 0, std::int64_t{1} << 40);  // of the originals; memory decides here
  if (const Status status = fields.finish(); !status) return status.error();
  if (stride > seq_len)
    return Error{fmt::format("{}: \"eval_stride\" {} is longer than \"eval_seq_len\" {}", where, stride, seq_len)};
  return EvalSettings{static_cast<std::size_t>(seq_len), static_cast<std::size_t>(stride)};
}

template <class T>
Status take(Result<T> from, T& to) {
  if (!from) return from.error();
  to = std::move(*from);
  return {};
}

}  // namespace

Result<RunSettings> read_settings(const TrainingArguments& arguments) {
  const auto preset = model::load_preset(arguments.preset);
  if (!preset) return preset.error();
  const auto part = [&](const char* name) {
    return preset->contains(name) ? preset->at(name) : nlohmann::json::object();
  };
  const auto where = [&](const char* name) {
    return fmt::format("preset {}, \"{}\"", escape_line(arguments.preset, 200), name);
  };
  RunSettings s;
  s.name = std::filesystem::path(arguments.preset).stem().string();
  if (const Status status = take(model::config_from_json(part("model"), where("model")), s.model); !status)
    return status.error();
  if (const Status status = take(optim::config_from_json(part("optim"), where("optim")), s.optim); !status)
    return status.error();
  if (const Status status = take(train::config_from_json(part("train"), where("train")), s.train); !status)
    return status.error();
  if (const Status status = take(train::data_config_from_json(part("data"), where("data")), s.data); !status)
    return status.error();
  if (const Status status = take(eval_from_json(part("eval"), where("eval")), s.eval); !status) return status.error();
  if (s.data.vocab_size != s.model.vocab_size)
    return Error{fmt::format("preset {}: \"data\" has a vocabulary of {}, \"model\" of {}",
                             escape_line(arguments.preset, 200), s.data.vocab_size, s.model.vocab_size)};
  if (arguments.seed) s.train.seed = *arguments.seed;
  if (arguments.checkpoint_every) s.train.checkpoint_every = *arguments.checkpoint_every;
  if (arguments.steps) {
    s.train.iterations = *arguments.steps;
    s.train.max_wallclock_seconds = 0;
    s.train.gptq_reserve_seconds = 0;
  }
  if (!arguments.replay.empty())
    if (const Status status = take(train::Schedule::read(arguments.replay), s.replay); !status) return status.error();
  s.resolved = {{"about", preset->value("about", "")},
                {"model", model::to_json(s.model)},
                {"optim", optim::to_json(s.optim)},
                {"train", train::to_json(s.train)},
                {"data", train::to_json(s.data)},
                {"eval", {{"eval_seq_len", s.eval.seq_len}, {"eval_stride", s.eval.stride}}}};
  return s;
}

}  // namespace pg::cli

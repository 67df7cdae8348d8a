#include "reference/cli/run_settings.h"

#include <fmt/format.h>

#include <filesystem>

#include "reference/base/text.h"
#include "reference/optim/json_fields.h"

namespace pg::cli {
namespace {

std::string where(const std::string& preset, const char* part) {
  return fmt::format("preset {}, \"{}\"", escape_line(preset, 200), part);
}

template <class T>
Status take(Result<T> from, T& to) {
  if (!from) return from.error();
  to = std::move(*from);
  return {};
}

}  // namespace

Result<EvalSettings> read_eval_settings(const nlohmann::json& preset, const std::string& name,
                                        const model::Config& model) {
  std::int64_t seq_len = model.train_seq_len, stride = 0, batch = 0;
  EvalSettings settings;
  optim::JsonFields fields(preset.at("eval"), where(name, "eval"));
  fields.integer("eval_seq_len", seq_len, 1, 1 << 24);
  fields.integer("eval_stride", stride, 0, 1 << 24);
  fields.integer("val_batch_tokens", batch, 0, std::int64_t{1} << 40);  // of the originals; memory decides here
  fields.boolean("require_bare_space_mark", settings.require_bare_space_mark);
  if (const Status status = fields.finish(); !status) return status.error();
  if (stride > seq_len)
    return Error{
        fmt::format("{}: \"eval_stride\" {} is longer than \"eval_seq_len\" {}", where(name, "eval"), stride, seq_len)};
  settings.seq_len = static_cast<std::size_t>(seq_len);
  settings.stride = static_cast<std::size_t>(stride);
  return settings;
}

Result<RunSettings> read_settings(const TrainingArguments& arguments) {
  const auto preset = model::load_preset(arguments.preset);
  if (!preset) return preset.error();
  const auto at = [&](const char* part) { return where(arguments.preset, part); };
  RunSettings s;
  s.name = std::filesystem::path(arguments.preset).stem().string();
  if (const Status status = take(model::config_from_json(preset->at("model"), at("model")), s.model); !status)
    return status.error();
  if (const Status status = take(optim::config_from_json(preset->at("optim"), at("optim")), s.optim); !status)
    return status.error();
  if (const Status status = take(train::config_from_json(preset->at("train"), at("train")), s.train); !status)
    return status.error();
  if (const Status status = take(train::data_config_from_json(preset->at("data"), at("data")), s.data); !status)
    return status.error();
  if (const Status status = take(read_eval_settings(*preset, arguments.preset, s.model), s.eval); !status)
    return status.error();
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
                {"eval",
                 {{"eval_seq_len", s.eval.seq_len},
                  {"eval_stride", s.eval.stride},
                  {"require_bare_space_mark", s.eval.require_bare_space_mark}}}};
  return s;
}

}  // namespace pg::cli

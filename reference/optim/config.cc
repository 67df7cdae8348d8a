#include "reference/optim/config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reference/optim/json_fields.h"

namespace pg::optim {
namespace {

const std::vector<std::string> kOrthogonalizers = {"ns5", "polar_express"};
const std::vector<std::string> kPrecisions = {"auto", "bf16", "f32"};
const std::vector<std::string> kForms = {"round_robin", "sharded"};

constexpr int kPolarExpressSteps = 5;  // its coefficients are a list of five

template <class Enum>
void choose(JsonFields& fields, std::string_view name, Enum& value, const std::vector<std::string>& words) {
  int index = static_cast<int>(value);
  fields.choice(name, index, words);
  value = static_cast<Enum>(index);
}

}  // namespace

Result<Config> config_from_json(const nlohmann::json& optim, std::string_view where) {
  Config c;
  JsonFields fields(optim, where);
  for (auto [name, rate] : {std::pair{"tied_embed_lr", &c.tied_embed_lr}, {"embed_lr", &c.embed_lr},
                            {"head_lr", &c.head_lr}, {"matrix_lr", &c.matrix_lr}, {"scalar_lr", &c.scalar_lr}})
    fields.number(name, *rate, 0, 100);
  fields.number("beta1", c.beta1, 0, 0.999999);
  fields.number("beta2", c.beta2, 0, 0.99999999);
  fields.number("adam_eps", c.adam_eps, 0, 1);
  for (auto [name, decay] : {std::pair{"muon_wd", &c.muon_wd}, {"embed_wd", &c.embed_wd}, {"adam_wd", &c.adam_wd}})
    fields.number(name, *decay, 0, 10);
  fields.number("muon_momentum", c.muon_momentum, 0, 0.999999);
  fields.number("muon_momentum_warmup_start", c.muon_momentum_warmup_start, 0, 0.999999);
  fields.integer("muon_momentum_warmup_steps", c.muon_momentum_warmup_steps, 0, 1'000'000'000);
  fields.integer("muon_backend_steps", c.muon_backend_steps, 1, 100);
  fields.boolean("muon_row_normalize", c.muon_row_normalize);
  choose(fields, "muon_orthogonalizer", c.muon_orthogonalizer, kOrthogonalizers);
  choose(fields, "muon_precision", c.muon_precision, kPrecisions);
  choose(fields, "muon_form", c.muon_form, kForms);
  fields.number("grad_clip_norm", c.grad_clip_norm, 0, 1e9);
  fields.texts("control_tensor_name_patterns", c.control_tensor_name_patterns);
  if (const Status status = fields.finish(); !status) return status.error();
  if (c.muon_orthogonalizer == Orthogonalizer::kPolarExpress && c.muon_backend_steps > kPolarExpressSteps)
    return Error{std::string(where) + ": polar_express has coefficients for at most 5 \"muon_backend_steps\""};
  return c;
}

nlohmann::json to_json(const Config& c) {
  return {{"tied_embed_lr", c.tied_embed_lr},
          {"embed_lr", c.embed_lr},
          {"head_lr", c.head_lr},
          {"matrix_lr", c.matrix_lr},
          {"scalar_lr", c.scalar_lr},
          {"beta1", c.beta1},
          {"beta2", c.beta2},
          {"adam_eps", c.adam_eps},
          {"muon_wd", c.muon_wd},
          {"embed_wd", c.embed_wd},
          {"adam_wd", c.adam_wd},
          {"muon_momentum", c.muon_momentum},
          {"muon_momentum_warmup_start", c.muon_momentum_warmup_start},
          {"muon_momentum_warmup_steps", c.muon_momentum_warmup_steps},
          {"muon_backend_steps", c.muon_backend_steps},
          {"muon_row_normalize", c.muon_row_normalize},
          {"muon_orthogonalizer", kOrthogonalizers[static_cast<std::size_t>(c.muon_orthogonalizer)]},
          {"muon_precision", kPrecisions[static_cast<std::size_t>(c.muon_precision)]},
          {"muon_form", kForms[static_cast<std::size_t>(c.muon_form)]},
          {"grad_clip_norm", c.grad_clip_norm},
          {"control_tensor_name_patterns", c.control_tensor_name_patterns}};
}

double momentum_at(const Config& c, std::int64_t step) {
  const double f = c.muon_momentum_warmup_steps > 0
                       ? std::min(static_cast<double>(step) / c.muon_momentum_warmup_steps, 1.0)
                       : 1.0;
  return (1 - f) * c.muon_momentum_warmup_start + f * c.muon_momentum;
}

}  // namespace pg::optim

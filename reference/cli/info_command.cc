#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "reference/cli/command.h"
#include "reference/cli/terminal.h"
#include "reference/model/info.h"

namespace pg::cli {
namespace {

struct Options {
  std::string preset, file, format = "text";
};

int fail(const Error& error) {
  complain(error.message);
  return kExitError;
}

int show_preset(const Options& options, const std::string& name) {
  const auto preset = model::load_preset(name);
  if (!preset) return fail(preset.error());
  const auto config = model::config_from_json((*preset)["model"], name + ": model");
  if (!config) return fail(config.error());
  const model::Info info = model::describe(*config);
  const auto order = config->order(true);
  if (options.format == "json") {
    nlohmann::json out = model::to_json(info);
    out["preset"] = name;
    out["model"] = model::to_json(*config);
    out["skip_rows"] = config->skip_rows();
    out["order"] = {{"encoder", order.encoder}, {"decoder", order.decoder}};
    fmt::print("{}\n", out.dump(2));
    return kExitOk;
  }
  const std::string about = preset->value("about", "");
  fmt::print("{}{}{}\n", name, about.empty() ? "" : ": ", about);
  fmt::print("order      [{}] then [{}], {} skips\n", fmt::join(order.encoder, ", "), fmt::join(order.decoder, ", "),
             config->skip_rows());
  fmt::print("{}", model::to_text(info));
  fmt::print("\nBytes as held in a bf16 run: the embedding in bf16, masters of matrices and control tensors in f32.\n");
  return kExitOk;
}

int show_file(const Options& options) {
  const auto info = model::describe_safetensors(options.file);
  if (!info) return fail(info.error());
  if (options.format == "json")
    fmt::print("{}\n", model::to_json(*info).dump(2));
  else
    fmt::print("{}", model::to_text(*info));
  return kExitOk;
}

int show(const Options& options) {
  if (options.preset.empty() == options.file.empty()) {
    complain(fmt::format("give either --preset NAME ({}) or a FILE", fmt::join(model::preset_names(), ", ")));
    return kExitError;
  }
  if (!options.preset.empty()) return show_preset(options, options.preset);
  if (options.file.ends_with(".json")) return show_preset(options, options.file);
  if (options.file.ends_with(".safetensors")) return show_file(options);
  complain(options.file + ": expected a preset (.json) or a model (.safetensors)");
  return kExitError;
}

}  // namespace

void add_info_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("info", "Show a preset's or a model's parameters");
  auto options = std::make_shared<Options>();
  command->add_option("--preset", options->preset, "A preset's name, or the path of its .json file");
  command->add_option("FILE", options->file, "A preset (.json) or a model (.safetensors)");
  command->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->footer("Example:\n  pgref info --preset pr1394");
  command->callback([options, &action] { action = [options] { return show(*options); }; });
}

}  // namespace pg::cli

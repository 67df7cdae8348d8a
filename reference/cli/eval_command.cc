#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "reference/base/text.h"
#include "reference/cli/command.h"
#include "reference/cli/run_settings.h"
#include "reference/cli/terminal.h"
#include "reference/eval/compressors.h"
#include "reference/eval/eval_data.h"
#include "reference/eval/evaluate.h"
#include "reference/train/safetensors.h"

namespace pg::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// A dictionary longer than this does not fit the memory that zstd needs at level 22 beside ours.
constexpr std::size_t kMaxTrainText = 256 << 20;

struct Arguments {
  std::string preset, format = "text", precision, device = "cpu", tail = "pr1394";
  fs::path weights, data, tokenizer;
  bool sliding = false, plain = false, no_looping = false, compressors = false, quiet = false;
  std::size_t seq_len = 0, stride = 0, batch = 0;
  int threads = 0;
};

// What is evaluated, and how: the preset's settings unless the command line has others.
struct Setting {
  model::Config config;
  eval::EvalOptions options;
  bool require_bare_space_mark = false;
};

Result<Setting> read_setting(const Arguments& arguments) {
  const auto preset = model::load_preset(arguments.preset);
  if (!preset) return preset.error();
  const auto config = model::config_from_json(preset->at("model"), arguments.preset);
  if (!config) return config.error();
  const auto eval = read_eval_settings(*preset, arguments.preset, *config);
  if (!eval) return eval.error();
  Setting setting;
  setting.config = *config;
  setting.require_bare_space_mark = eval->require_bare_space_mark;
  eval::EvalOptions& options = setting.options;
  const bool preset_slides = eval->stride > 0;
  options.seq_len = arguments.seq_len > 0 ? arguments.seq_len : eval->seq_len;
  options.stride = arguments.stride > 0 ? arguments.stride : eval->stride;
  if (options.stride == 0) options.stride = std::min<std::size_t>(64, options.seq_len);
  const bool slides = arguments.sliding || (!arguments.plain && (preset_slides || arguments.stride > 0));
  options.mode = slides ? eval::Mode::kSliding : eval::Mode::kPlain;
  options.tail = *score::tail_from_name(arguments.tail);
  options.batch = arguments.batch;
  return setting;
}

Result<std::unique_ptr<model::Model>> load_model(const Arguments& arguments, const model::Config& config,
                                                 const dist::Place& place) {
  model::Runtime runtime;
  if (arguments.device == "cuda")
    runtime.device = c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(place.local_rank));
  if (const Status s = dist::check_device(runtime.device); !s) return s.error();
  const bool bf16 = arguments.precision.empty() ? runtime.device.is_cuda() : arguments.precision == "bf16";
  if (bf16) runtime.precision = model::Precision::kBf16;
  auto network = model::Model::create(config, runtime, 0);
  if (!network) return network;
  const auto weights = train::read_safetensors(arguments.weights);
  if (!weights) return weights.error();
  if (Status status = (*network)->load(weights->tensors); !status)
    return Error{fmt::format("{}: {}", arguments.weights.string(), status.error().message)};
  (*network)->set_looping(!arguments.no_looping);  // as the originals evaluate (eval.md 9)
  return network;
}

// On the text of the `targets` that were scored.
Result<std::vector<eval::CompressorRow>> run_compressors(const Arguments& arguments, const eval::EvalData& data,
                                                         std::size_t targets, std::uint64_t* text_bytes) {
  const auto val = data.vocabulary.decode(std::span(data.tokens).first(targets + 1));
  if (!val) return val.error();
  *text_bytes = val->size();
  const auto train = eval::training_text(arguments.data, data.vocabulary, kMaxTrainText);
  if (!train) return train.error();
  say(arguments.quiet, fmt::format("compressing {} bytes with xz, zstd and brotli",
                                   with_commas(static_cast<std::int64_t>(val->size()))));
  return eval::compare_with_compressors(*val, *train);
}

ordered_json to_json(const Arguments& arguments, const Setting& setting, const eval::EvalResult& result,
                     const std::vector<eval::CompressorRow>& rows, std::uint64_t text_bytes, int world) {
  const eval::EvalOptions& options = setting.options;
  const bool slides = options.mode == eval::Mode::kSliding;
  ordered_json out = {
      {"schema", "pgref/eval/v1"},
      {"preset", arguments.preset},
      {"weights", arguments.weights.string()},
      {"mode", slides ? "sliding" : "plain"},
      {"seq_len", options.seq_len},
      {"stride", slides ? ordered_json(options.stride) : ordered_json(nullptr)},
      {"tail", arguments.tail},
      {"val_loss", result.val_loss},
      {"val_bpb", result.val_bpb},
      {"targets", result.sums.tokens},
      {"bytes", result.sums.bytes},
      {"tokens_per_byte", result.sums.tokens_per_byte()},
      {"windows", result.windows},
      {"eval_time_ms", result.ms},
      {"processes", world},
  };
  if (rows.empty()) return out;
  out["text_bytes"] = text_bytes;
  for (const eval::CompressorRow& row : rows) {
    ordered_json entry = {{"tool", row.tool}, {"bytes", row.bytes}, {"bpb", row.bpb}};
    entry["with_training_text"] =
        row.primed_bpb ? ordered_json{{"tool", row.primed_tool}, {"bytes", *row.primed_bytes}, {"bpb", *row.primed_bpb}}
                       : ordered_json(nullptr);
    out["compressors"].push_back(entry);
  }
  return out;
}

void print_text(const Setting& setting, const eval::EvalResult& result, const std::vector<eval::CompressorRow>& rows,
                std::uint64_t text_bytes) {
  const bool slides = setting.options.mode == eval::Mode::kSliding;
  std::cout << fmt::format(
      "{}val_loss:{:.8f} val_bpb:{:.8f} eval_time:{:.0f}ms\n"
      "seq_len:{}{} targets:{} bytes:{} tokens_per_byte:{:.6f} windows:{}\n",
      slides ? "sliding_window " : "", result.val_loss, result.val_bpb, result.ms, setting.options.seq_len,
      slides ? fmt::format(" stride:{}", setting.options.stride) : "", result.sums.tokens, result.sums.bytes,
      result.sums.tokens_per_byte(), result.windows);
  if (!rows.empty()) std::cout << "\n" << eval::compressor_table(rows, text_bytes, result.val_bpb);
}

Status run(const Arguments& arguments) {
  if (arguments.threads > 0) at::set_num_threads(arguments.threads);
  auto setting = read_setting(arguments);
  if (!setting) return setting.error();
  const auto place = dist::place_from_environment();
  if (!place) return place.error();
  const auto data = eval::load_eval_data(arguments.data, arguments.tokenizer, setting->config.vocab_size,
                                         setting->require_bare_space_mark);
  if (!data) return data.error();
  if (arguments.seq_len > data->tokens.size())
    return Error{fmt::format("--seq-len {} is longer than the validation text of {} tokens; give a shorter one",
                             arguments.seq_len, data->tokens.size())};
  const auto network = load_model(arguments, setting->config, *place);
  if (!network) return network.error();
  const auto group = dist::make_group(*place, (*network)->runtime().device);
  if (!group) return group.error();
  const bool first = place->rank == 0;
  std::optional<eval::EvalResult> done;
  {
    Progress progress("evaluating", arguments.quiet || !first);
    setting->options.progress = [&](std::size_t batch, std::size_t all) {
      progress.update(static_cast<double>(batch) / static_cast<double>(all), fmt::format("batch {} of {}", batch, all));
    };
    const auto result = eval::evaluate(**network, data->tokens, data->bytes, **group, setting->options);
    if (!result) return result.error();
    done = *result;
  }
  if (!first) return {};
  std::vector<eval::CompressorRow> rows;
  std::uint64_t text_bytes = 0;
  if (arguments.compressors) {
    const std::size_t all = data->tokens.size();
    const bool exact = setting->options.tail == score::Tail::kExact;
    const std::size_t targets = exact ? all - 1 : score::contest_targets(all, setting->options.seq_len);
    auto compared = run_compressors(arguments, *data, targets, &text_bytes);
    if (!compared) return compared.error();
    rows = std::move(*compared);
  }
  if (arguments.format == "json")
    std::cout << to_json(arguments, *setting, *done, rows, text_bytes, place->world).dump(2) << "\n";
  else
    print_text(*setting, *done, rows, text_bytes);
  return {};
}

}  // namespace

void add_eval_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("eval", "Evaluate a model in bits per byte of the validation text");
  command->add_option("--preset", arguments->preset, "preset whose model it is: a name or a file")->required();
  command->add_option("--weights", arguments->weights, "weights, .safetensors")->required()->check(CLI::ExistingFile);
  command->add_option("--data", arguments->data, "folder with fineweb_val_*.bin and tokenizer.model")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--tokenizer", arguments->tokenizer, "SentencePiece model, if it is not beside the shards")
      ->check(CLI::ExistingFile);
  auto* sliding = command->add_flag("--sliding", arguments->sliding, "sliding windows (default: as the preset)");
  command->add_flag("--plain", arguments->plain, "sequences side by side")->excludes(sliding);
  command->add_option("--stride", arguments->stride, "positions between windows (default: the preset's, or 64)")
      ->check(CLI::PositiveNumber);
  command->add_option("--seq-len", arguments->seq_len, "positions of a window (default: the preset's)")
      ->check(CLI::PositiveNumber);
  command
      ->add_option(
          "--tail", arguments->tail,
          "what happens at the end of the text. pr1394: whole sequences only, as the contest counts and "
          "training claims; exact: every target of the text once; pr549, pr1123: as these scripts, which score "
          "some targets twice")
      ->check(CLI::IsMember({"exact", "pr1394", "pr549", "pr1123"}))
      ->capture_default_str();
  command->add_option("--batch", arguments->batch, "windows at a time (default: what fits)")
      ->check(CLI::PositiveNumber);
  command->add_option("--precision", arguments->precision, "f32 or bf16 (default: as in training, bf16 on cuda)")
      ->check(CLI::IsMember({"f32", "bf16"}));
  command->add_option("--device", arguments->device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command->add_option("--threads", arguments->threads, "threads (default: one per core)")->check(CLI::PositiveNumber);
  command->add_flag("--no-looping", arguments->no_looping, "without the preset's depth recurrence");
  command->add_flag("--compare-compressors", arguments->compressors, "what xz, zstd and brotli make of the same text");
  command->add_option("--format", arguments->format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_flag("--quiet", arguments->quiet, "nothing on stderr but errors");
  command->footer(
      "Under torchrun (RANK, WORLD_SIZE, ...) the processes share the work; the numbers are the same bit by bit.\n\n"
      "Example:\n"
      "  pgref eval --preset nano --weights out/final_model.safetensors --data data/corpus_sp1024 --sliding --stride "
      "64");
  command->callback([arguments, &action] {
    action = [arguments] {
      const Status status = run(*arguments);
      if (status) return static_cast<int>(kExitOk);
      complain(status.error().message);
      return static_cast<int>(kExitError);
    };
  });
}

}  // namespace pg::cli

#include "reference/cli/training_run.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "reference/base/file.h"
#include "reference/base/program.h"
#include "reference/base/text.h"
#include "reference/cli/default_data.h"
#include "reference/cli/run_settings.h"
#include "reference/cli/terminal.h"
#include "reference/cli/training_run_folder.h"
#include "reference/cli/training_run_signals.h"
#include "reference/data/byte_table.h"
#include "reference/data/shard_set.h"
#include "reference/data/vocabulary.h"
#include "reference/dist/gpu.h"
#include "reference/eval/compressors.h"
#include "reference/eval/eval_data.h"
#include "reference/eval/evaluate.h"
#include "reference/model/attention_backend.h"
#include "reference/train/checkpoint.h"
#include "reference/train/run_data.h"
#include "reference/train/safetensors.h"
#include "reference/train/submission_folder.h"
#include "reference/train/torch_zip.h"
#include "reference/train/trainer.h"

namespace pg::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostTextToCompress = 8 << 20;  // bytes; brotli and zstd need seconds per MB
constexpr std::size_t kMostTrainText = 64 << 20;      // bytes; the dictionary
constexpr std::string_view kModelFormat = "f32+safetensors";

// A run from its arguments to its folder. Steps in the order of their functions; every rank makes all of them.
class Run {
 public:
  explicit Run(const TrainingArguments& arguments) : arguments_(arguments), progress_("train:", arguments.quiet) {}

  Result<TrainingResult> run();

 private:
  Status open_group();
  // One of the following on all ranks; the same success or failure on each.
  Status together(Status (Run::*step)());
  Status check_folder();
  Status make_folder();
  Status open_data();
  Status open_model();
  train::TrainOptions options();
  void write_head(train::RunLog& log) const;
  void show(const train::StepReport& report);
  Result<train::Evaluation> evaluate(std::size_t stride);
  Status finish(train::TrainOutcome& outcome);
  train::Launch launch() const;
  Status write_weights(train::RunLog& log);
  Status write_folder(const train::TrainOutcome& outcome);
  Status compare_with_compressors();

  bool first_rank() const { return group_->place().rank == 0; }
  bool keeps_schedule() const { return settings_.train.max_wallclock_seconds > 0 || !settings_.replay.empty(); }
  fs::path checkpoints() const { return out_ / "checkpoint"; }
  std::string log_name() const { return fmt::format("train_seed{}.log", settings_.train.seed); }

  const TrainingArguments& arguments_;
  Progress progress_;
  std::chrono::steady_clock::time_point said_ = std::chrono::steady_clock::now();
  RunSettings settings_;
  fs::path out_;
  std::unique_ptr<dist::Group> group_;
  c10::Device device_ = c10::kCPU;
  train::RunData data_;
  std::unique_ptr<data::Vocabulary> vocabulary_;
  data::ByteTable bytes_;
  std::vector<std::uint16_t> val_tokens_;
  std::unique_ptr<data::Loader> loader_;
  std::unique_ptr<model::Model> model_;
  train::Submission submission_;
  std::string summary_;
};

Status Run::open_group() {
  const auto place = dist::place_from_environment();
  if (!place) return place.error();
  if (const Status s = train::check_world(settings_.train, place->world); !s) return s;
  if (arguments_.device == "cuda") device_ = c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(place->local_rank));
  auto group = dist::make_group(*place, device_, arguments_.timeout_s);
  if (!group) return group.error();
  group_ = std::move(*group);
  return {};
}

Status Run::together(Status (Run::*step)()) {
  Status mine;
  try {
    mine = (this->*step)();
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    mine = Error{text.substr(0, text.find('\n'))};
  }
  return dist::agree(*group_, device_, std::move(mine));
}

Status Run::check_folder() {
  out_ = arguments_.out;
  return cli::check_folder(out_, log_name(), arguments_.resume);
}

Status Run::make_folder() {
  std::error_code error;
  fs::create_directories(out_, error);
  if (error) return Error{fmt::format("cannot make {}: {}", escape_line(arguments_.out), error.message())};
  return {};
}

Status Run::open_data() {
  const int vocab_size = settings_.model.vocab_size;
  fs::path folder = arguments_.data;
  if (folder.empty()) {
    const auto made = default_data(vocab_size, device_, *group_, arguments_.quiet);
    if (!made) return made.error();
    folder = *made;
  }
  for (const auto pattern : {data::kTrainPattern, data::kValPattern})
    if (const auto shards = data::find_shards(folder, pattern); !shards) return shards.error();
  const auto tokenizer = eval::find_tokenizer(folder, arguments_.tokenizer, vocab_size);
  if (!tokenizer) return tokenizer.error();
  auto found = train::find_run_data(folder, *tokenizer);
  if (!found) return found.error();
  data_ = std::move(*found);
  auto vocabulary = data::Vocabulary::load(data_.tokenizer);
  if (!vocabulary) return vocabulary.error();
  if (vocabulary->size() != static_cast<std::size_t>(vocab_size))
    return Error{
        fmt::format("{} has {} pieces, the preset's model has {} ids; train on shards of a tokenizer of that "
                    "size, or change \"vocab_size\" in the preset",
                    escape_line(data_.tokenizer.string()), vocabulary->size(), vocab_size)};
  vocabulary_ = std::make_unique<data::Vocabulary>(std::move(*vocabulary));
  auto bytes =
      data::make_byte_table(*vocabulary_, static_cast<std::size_t>(vocab_size), settings_.eval.require_bare_space_mark);
  if (!bytes) return bytes.error();
  bytes_ = std::move(*bytes);
  auto tokens = data::load_validation_tokens(data_.val, settings_.eval.seq_len, static_cast<std::size_t>(vocab_size));
  if (!tokens) return tokens.error();
  val_tokens_ = std::move(*tokens);
  auto loader = data::make_loader(settings_.data.loader, data_.train, group_->place().rank, group_->place().world,
                                  static_cast<std::size_t>(vocab_size));
  if (!loader) return loader.error();
  loader_ = std::move(*loader);
  return {};
}

Status Run::open_model() {
  model::Runtime runtime;
  runtime.device = device_;
  runtime.kernels = arguments_.kernels == "plain" ? model::Kernels::kPlain : model::Kernels::kFused;
  const bool bf16 = arguments_.precision.empty() ? device_.is_cuda() : arguments_.precision == "bf16";
  runtime.precision = bf16 ? model::Precision::kBf16 : model::Precision::kF32;
  auto model = model::Model::create(settings_.model, runtime, settings_.train.seed);
  if (!model) return model.error();
  model_ = std::move(*model);
  return {};
}

void Run::write_head(train::RunLog& log) const {
  const std::string rule(100, '=');
  log.line(rule);
  log.hyperparameters(settings_.resolved);
  log.line(rule);
  log.line(fmt::format("Running PyTorch {}", TORCH_VERSION));
  log.line(rule);
  log.line(fmt::format("val_bpb:enabled tokenizer_kind=sentencepiece tokenizer_path={}",
                       data_.tokenizer.filename().string()));
  log.line(fmt::format("train_loader:dataset:{} train_shards:{}", data_.train[0].parent_path().filename().string(),
                       data_.train.size()));
  log.line(fmt::format("val_loader:shards pattern={} tokens:{}", data::kValPattern, val_tokens_.size() - 1));
  log.line(fmt::format("model_params:{}", model_->parameter_count()));
  const int world = group_->place().world;
  const model::Config& c = settings_.model;
  const auto micro_batch = settings_.train.train_batch_tokens / settings_.train.grad_accum_steps;
  log.line(fmt::format("attention_mode:{} num_heads:{} num_kv_heads:{} kernel:{}", c.kv_heads < c.heads ? "gqa" : "mha",
                       c.heads, c.kv_heads,
                       model::attention_kernel(c, model_->runtime(), micro_batch / settings_.train.train_seq_len,
                                               settings_.train.train_seq_len)));
  log.line(fmt::format("world_size:{} grad_accum_steps:{}", world, settings_.train.grad_accum_steps / world));
  log.line(
      fmt::format("train_batch_tokens:{} train_seq_len:{} iterations:{} warmup_steps:0 max_wallclock_seconds:{:.3f}",
                  settings_.train.train_batch_tokens, settings_.train.train_seq_len, settings_.train.iterations,
                  settings_.train.max_wallclock_seconds));
  log.line(fmt::format("seed:{}", settings_.train.seed));
}

void Run::show(const train::StepReport& r) {
  const double by_steps = static_cast<double>(r.step) / static_cast<double>(std::max<std::int64_t>(r.iterations, 1));
  const double fraction = std::max(by_steps, r.elapsed_ms / std::max(r.elapsed_ms + r.left_ms, 1.0));
  std::string text = fmt::format("step {} loss {:.4f} {} tok/s", r.step, r.loss,
                                 with_commas(static_cast<std::int64_t>(r.tokens_per_second)));
  if (r.mfu > 0) text += fmt::format(" MFU {:.1f} %", 100 * r.mfu);
  text += fmt::format(" {:.0f} s left", r.left_ms / 1000);
  progress_.update(fraction, text);
  const auto now = std::chrono::steady_clock::now();
  if (is_terminal(stderr) || now - said_ < std::chrono::seconds(10)) return;
  said_ = now;
  say(arguments_.quiet, "train: " + text);
}

Result<train::Evaluation> Run::evaluate(std::size_t stride) {
  eval::EvalOptions o;
  o.mode = stride > 0 ? eval::Mode::kSliding : eval::Mode::kPlain;
  o.seq_len = settings_.eval.seq_len;
  o.stride = stride;
  Progress progress(stride > 0 ? "sliding windows:" : "validation:", arguments_.quiet || !first_rank());
  o.progress = [&](std::size_t done, std::size_t all) {
    progress.update(static_cast<double>(done) / static_cast<double>(std::max<std::size_t>(all, 1)), "");
  };
  const auto result = eval::evaluate(*model_, val_tokens_, bytes_, *group_, o);
  if (!result) return result.error();
  return train::Evaluation{stride > 0 ? "sliding_window" : "roundtrip",
                           result->val_loss,
                           result->val_bpb,
                           static_cast<std::int64_t>(result->sums.tokens),
                           static_cast<std::int64_t>(o.seq_len),
                           static_cast<std::int64_t>(stride),
                           result->ms};
}

train::TrainOptions Run::options() {
  train::TrainOptions o;
  o.train = settings_.train;
  o.optim = settings_.optim;
  o.replay = settings_.replay;
  o.log = out_ / log_name();
  o.checkpoints = checkpoints();
  o.resume = arguments_.resume;
  o.identity = {{"model", settings_.resolved["model"]},
                {"data", settings_.resolved["data"]},
                {"files", data_.identity},
                {"runtime",
                 {{"device", device_.is_cuda() ? "cuda" : "cpu"},
                  {"precision", model_->runtime().precision == model::Precision::kBf16 ? "bf16" : "f32"},
                  {"kernels", arguments_.kernels}}}};
  o.log_head = [this](train::RunLog& log) { write_head(log); };
  o.validate = [this] { return evaluate(0); };
  o.report = [this](const train::StepReport& report) { show(report); };
  o.notice = [this](const std::string& text) { say(arguments_.quiet, text); };
  o.interrupted = [] { return AskOnSignals::asked(); };
  return o;
}

train::Launch Run::launch() const {
  train::Launch l;
  l.preset = settings_.name;
  l.settings = settings_.resolved;
  l.seed = settings_.train.seed;
  l.options = {{"--kernels", arguments_.kernels},
               {"--precision", model_->runtime().precision == model::Precision::kBf16 ? "bf16" : "f32"},
               {"--device", arguments_.device}};
  if (device_.is_cpu()) l.options["--threads"] = std::to_string(arguments_.threads);
  l.replays = keeps_schedule();
  l.processes = group_->place().world;
  return l;
}

Status Run::write_weights(train::RunLog& log) {
  train::NamedTensors weights;
  for (const auto& p : model_->parameters()) weights.emplace_back(p.name, p.tensor.detach());
  const auto bytes = train::write_safetensors(out_ / kWeightsFile, weights, {{"format", "pt"}});
  if (!bytes) return bytes.error();
  if (const auto torch = train::write_torch_file(out_ / kTorchWeightsFile, weights); !torch) return torch.error();
  submission_.model_bytes = *bytes;
  submission_.launch = launch();
  submission_.code_bytes = train::launcher_script(submission_.launch).size();
  log.line(fmt::format("Serialized model {}: {} bytes", kModelFormat, submission_.model_bytes));
  log.line(fmt::format("Code size: {} bytes", submission_.code_bytes));
  log.line(fmt::format("Total submission size {}: {} bytes", kModelFormat,
                       submission_.model_bytes + submission_.code_bytes));
  return {};
}

Status Run::compare_with_compressors() {
  if (arguments_.no_compressors) return {};
  std::uint64_t bytes = 0;
  for (std::size_t i = 1; i < val_tokens_.size(); ++i)
    bytes += static_cast<std::uint64_t>(bytes_.count_bytes(val_tokens_[i - 1], val_tokens_[i]));
  if (bytes > kMostTextToCompress)
    return Error{fmt::format(
        "the validation text has {} bytes, more than the {} that are compressed here; pgref eval "
        "--compare-compressors takes its time",
        with_commas(static_cast<std::int64_t>(bytes)), with_commas(static_cast<std::int64_t>(kMostTextToCompress)))};
  const auto val_text = vocabulary_->decode(val_tokens_);
  if (!val_text) return val_text.error();
  const auto train_text = eval::training_text(data_.train[0].parent_path(), *vocabulary_, kMostTrainText);
  if (!train_text) return train_text.error();
  say(arguments_.quiet, "comparing with compressors");
  const auto rows = eval::compare_with_compressors(*val_text, *train_text, static_cast<unsigned>(arguments_.threads));
  if (!rows) return rows.error();
  summary_ += eval::compressor_table(*rows, val_text->size(), submission_.results.back().val_bpb);
  return {};
}

Status Run::finish(train::TrainOutcome& outcome) {
  train::RunLog& log = outcome.log;
  log.line(peak_memory(device_));
  const auto weights = [&] { return first_rank() ? write_weights(log) : Status(); };
  if (const Status s = dist::agree(*group_, device_, weights()); !s) return s;
  // As #1394 does: the finished model runs its loops whether or not training came to them.
  if (model_->config().loop.count > 0 && !model_->looping()) {
    model_->set_looping(true);
    log.line("layer_loop:enabled for evaluation, training ended without");
  }
  std::vector<std::size_t> strides = {0};
  if (settings_.eval.stride > 0) strides.push_back(settings_.eval.stride);
  for (const std::size_t stride : strides) {
    const auto result = evaluate(stride);
    if (!result) return result.error();
    log.final_metric(*result);
    submission_.results.push_back(*result);
    summary_ +=
        fmt::format("final_{} val_loss {:.6f} nats/token, val_bpb {:.6f}, {} targets, {:.1f} s\n", result->name,
                    result->val_loss, result->val_bpb, with_commas(result->targets), result->eval_time_ms / 1000);
  }
  if (!first_rank()) return {};
  if (const double blind = std::log(settings_.model.vocab_size); submission_.results.back().val_loss > blind)
    complain(
        fmt::format("warning: the validation loss is {:.3f} nats, worse than guessing among {} tokens ({:.3f}): "
                    "training diverged; try lower learning rates",
                    submission_.results.back().val_loss, settings_.model.vocab_size, blind));
  if (const Status s = log.status(); !s) return s;
  if (const Status s = write_folder(outcome); !s) return s;
  if (!arguments_.keep_checkpoint) train::remove_checkpoints(checkpoints());
  // The run is done; this is a remark on it.
  if (const Status s = compare_with_compressors(); !s) complain("no comparison with compressors: " + s.error().message);
  return {};
}

Status Run::write_folder(const train::TrainOutcome& outcome) {
  submission_.author = arguments_.author;
  submission_.github_id = arguments_.github_id;
  submission_.log_name = log_name();
  submission_.parameters = model_->parameter_count();
  submission_.steps = outcome.steps;
  submission_.train_time_ms = outcome.train_time_ms;
  submission_.hardware = device_.is_cuda()
                             ? fmt::format("{} x {}", submission_.launch.processes, dist::gpu_name(device_.index()))
                             : fmt::format("CPU, {} x {} threads", submission_.launch.processes, arguments_.threads);
  if (keeps_schedule())
    if (const Status s = write_file_atomic(out_ / kScheduleFile, train::Schedule::text(outcome.decisions)); !s)
      return s;
  return train::write_submission(out_, submission_);
}

Result<TrainingResult> Run::run() {
  auto settings = read_settings(arguments_);
  if (!settings) return settings.error();
  settings_ = std::move(*settings);
  if (const Status s = open_group(); !s) return s.error();
  for (const auto step : {&Run::check_folder, &Run::open_data, &Run::open_model, &Run::make_folder})
    if (const Status s = together(step); !s) return s.error();
  auto outcome = [this] {
    const AskOnSignals until_trained;  // what follows has nothing to save
    return train::train(*model_, *loader_, *group_, options());
  }();
  progress_.done();
  if (!outcome) return outcome.error();
  if (outcome->interrupted) return TrainingResult{true, outcome->steps, ""};
  summary_ = fmt::format("{}: {} parameters, {} steps in {:.1f} s, last loss {:.4f}\n", escape_line(out_.string()),
                         with_commas(model_->parameter_count()), with_commas(outcome->steps),
                         outcome->train_time_ms / 1000, outcome->last_loss);
  if (const Status s = finish(*outcome); !s) return s.error();
  return TrainingResult{false, outcome->steps, first_rank() ? summary_ : ""};
}

}  // namespace

Result<TrainingResult> run_training(const TrainingArguments& arguments) {
  try {
    return Run(arguments).run();
  } catch (const dist::GroupFailure& failure) {
    return Error{failure.what()};
  }
}

}  // namespace pg::cli

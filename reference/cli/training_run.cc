#include "reference/cli/training_run.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <torch/version.h>

#include <atomic>
#include <chrono>
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
#include "reference/data/byte_table.h"
#include "reference/data/shard_set.h"
#include "reference/data/vocabulary.h"
#include "reference/eval/compressors.h"
#include "reference/eval/eval_data.h"
#include "reference/eval/evaluate.h"
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

std::atomic<bool> g_interrupted{false};

extern "C" void ask_to_end(int signal) {
  g_interrupted = true;
  ::signal(signal, SIG_DFL);
}

// A run from its arguments to its folder. Steps in the order of their functions; every rank makes all of them.
class Run {
 public:
  explicit Run(const TrainingArguments& arguments) : arguments_(arguments), progress_("train:", arguments.quiet) {}

  Result<TrainingResult> run();

 private:
  Status open_group();
  Status open_folder();
  Status open_data();
  Status open_model();
  train::TrainOptions options();
  void write_head(train::RunLog& log) const;
  void show(const train::StepReport& report);
  Result<train::Evaluation> evaluate(std::size_t stride);
  Status finish(train::TrainOutcome& outcome);
  Status write_weights(train::RunLog& log);
  Status compare_with_compressors();

  bool first_rank() const { return group_->place().rank == 0; }
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

Status Run::open_folder() {
  out_ = arguments_.out;
  const std::string name = escape_line(arguments_.out);
  std::error_code error;
  if (fs::exists(out_ / "submission.json", error))
    return Error{fmt::format("{} holds a finished run; remove it or choose another --out", name)};
  if (!arguments_.resume && fs::exists(checkpoints() / "checkpoint.safetensors", error))
    return Error{fmt::format("{} holds the checkpoint of an unfinished run; go on with it with --resume, or remove {}",
                             name, name)};
  group_->barrier();  // all have looked before the first writes
  fs::create_directories(out_, error);
  if (error) return Error{fmt::format("cannot make {}: {}", name, error.message())};
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
  auto bytes = data::make_byte_table(*vocabulary_, static_cast<std::size_t>(vocab_size));
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
  o.interrupted = [] { return g_interrupted.load(); };
  return o;
}

Status Run::write_weights(train::RunLog& log) {
  train::NamedTensors weights;
  for (const auto& p : model_->parameters()) weights.emplace_back(p.name, p.tensor.detach());
  const auto bytes = train::write_safetensors(out_ / "final_model.safetensors", weights, {{"format", "pt"}});
  if (!bytes) return bytes.error();
  if (const auto torch = train::write_torch_file(out_ / "final_model.pt", weights); !torch) return torch.error();
  submission_.model_bytes = *bytes;
  submission_.settings = settings_.resolved;
  submission_.seed = settings_.train.seed;
  submission_.code_bytes = train::launcher_script(submission_.settings, submission_.seed).size();
  log.line(fmt::format("Serialized model {}: {} bytes", kModelFormat, submission_.model_bytes));
  log.line(fmt::format("Code size: {} bytes", submission_.code_bytes));
  log.line(fmt::format("Total submission size {}: {} bytes", kModelFormat,
                       submission_.model_bytes + submission_.code_bytes));
  return {};
}

Status Run::compare_with_compressors() {
  if (arguments_.no_compressors || val_tokens_.size() > kMostTextToCompress) return {};
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
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  log.line(fmt::format("peak memory allocated: {0} MiB reserved: {0} MiB", usage.ru_maxrss / 1024));
  if (first_rank())
    if (const Status s = write_weights(log); !s) return s;
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
  if (const Status s = log.status(); !s) return s;
  submission_.preset = settings_.name;
  submission_.author = arguments_.author;
  submission_.github_id = arguments_.github_id;
  submission_.log_name = log_name();
  submission_.parameters = model_->parameter_count();
  submission_.steps = outcome.steps;
  submission_.train_time_ms = outcome.train_time_ms;
  submission_.processes = group_->place().world;
  submission_.hardware = device_.is_cuda() ? fmt::format("{} GPU", submission_.processes)
                                           : fmt::format("CPU, {} threads", arguments_.threads);
  if (settings_.train.max_wallclock_seconds > 0)
    if (const Status s = write_file_atomic(out_ / "schedule.txt", train::Schedule::text(outcome.decisions)); !s)
      return s;
  if (const Status s = train::write_submission(out_, submission_); !s) return s;
  if (!arguments_.keep_checkpoint) train::remove_checkpoints(checkpoints());
  return compare_with_compressors();
}

Result<TrainingResult> Run::run() {
  auto settings = read_settings(arguments_);
  if (!settings) return settings.error();
  settings_ = std::move(*settings);
  for (const auto step : {&Run::open_group, &Run::open_folder, &Run::open_data, &Run::open_model})
    if (const Status s = (this->*step)(); !s) return s.error();
  for (const int signal : {SIGINT, SIGTERM}) ::signal(signal, ask_to_end);
  auto outcome = train::train(*model_, *loader_, *group_, options());
  progress_.done();
  end_on_signals();  // what follows has nothing to save
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

#include "reference/train/trainer.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <exception>

#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "reference/dist/gpu.h"
#include "reference/optim/optimizers.h"
#include "reference/train/averages.h"
#include "reference/train/checkpoint.h"
#include "reference/train/flops.h"
#include "reference/train/stopwatch.h"

namespace pg::train {
namespace {

constexpr std::int64_t kFirstSteps = 10;  // logged one by one, as the baseline does
constexpr const char* kDiverged = "Lower the learning rates, clip gradients (\"grad_clip_norm\"), or look at the data";

// A batch's numbers on the device. On a GPU from memory that it can read by itself, so that nothing waits.
at::Tensor on_device(std::vector<std::int64_t>& numbers, const data::Batch& batch, c10::Device device) {
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(batch.sequences),
                                           static_cast<std::int64_t>(batch.seq_len)};
  const at::Tensor host = at::from_blob(numbers.data(), shape, at::kLong);
  return device.is_cuda() ? host.pin_memory().to(device, /*non_blocking=*/true) : host.to(device);
}

class Trainer {
 public:
  Trainer(model::Model& model, data::Loader& loader, dist::Group& group, const TrainOptions& options)
      : model_(model),
        loader_(loader),
        group_(group),
        options_(options),
        config_(options.train),
        schedule_(options.train),
        optimizers_(options.optim, model.parameters(), group),
        averages_(options.train, optimizers_.store()) {
    schedule_.replay(options.replay);
    for (const bool looping : {false, true})
      flops_per_token_[looping ? 1 : 0] = flops_per_token(model.config(), looping, options.train.train_seq_len);
    if (const c10::Device device = model.runtime().device; device.is_cuda())
      peak_flops_ = train::peak_flops(dist::gpu_name(device.has_index() ? device.index() : 0)) * group.place().world;
  }

  Result<TrainOutcome> run();

 private:
  bool first_rank() const { return group_.place().rank == 0; }
  Status start();
  Status resume();
  Status take_over(Checkpoint& saved);
  Status loop();
  Status validate();
  Status make_step();
  at::Tensor gradients(std::int64_t micro_steps);
  Status after_step(double loss, const Decision& decision);
  void made(const Decision& decision);
  void report(double loss, const Decision& decision) const;
  Status check_weights();
  Status save();
  Status agree(Status mine) { return dist::agree(group_, model_.runtime().device, std::move(mine)); }
  double deciding_ms();
  nlohmann::json identity() const;

  model::Model& model_;
  data::Loader& loader_;
  dist::Group& group_;
  const TrainOptions& options_;
  const Config& config_;
  Schedule schedule_;
  optim::Optimizers optimizers_;
  Averages averages_;
  TrainOutcome outcome_;
  Stopwatch clock_;
  double peak_flops_ = 0;                    // of all GPUs, per second; 0: not known
  std::array<double, 2> flops_per_token_{};  // without and with looping
  double flops_ = 0;                         // that the steps made needed
  bool stop_ = false;
};

nlohmann::json Trainer::identity() const {
  nlohmann::json all = options_.identity;
  all["train"] = to_json(config_);
  // What says how often to look does not change the result.
  for (const char* name : {"train_log_every", "val_loss_every", "checkpoint_every"}) all["train"].erase(name);
  all["optim"] = optim::to_json(options_.optim);
  all["processes"] = group_.place().world;
  if (!options_.replay.empty()) all["replay_sha256"] = sha256_hex(Schedule::text(options_.replay));
  return all;
}

// Rank 0's clock where the clock decides: with clocks of their own the ranks would take steps of different sizes.
double Trainer::deciding_ms() {
  if (!schedule_.by_clock() || group_.place().world == 1) return clock_.ms();
  at::Tensor ms = at::tensor({clock_.ms()}, at::kDouble).to(model_.runtime().device);
  group_.broadcast(ms, 0);
  return ms.item<double>();
}

Status Trainer::start() {
  const std::int64_t micro_steps = config_.grad_accum_steps / group_.place().world;
  if (const Status s = check_world(config_, group_.place().world); !s) return s;
  if (const Status s = agree(loader_.check(static_cast<std::size_t>(config_.train_batch_tokens / micro_steps),
                                           static_cast<std::size_t>(config_.train_seq_len)));
      !s)
    return s;
  if (options_.resume) return agree(resume());
  if (first_rank()) {
    auto log = RunLog::create(options_.log);
    if (log) outcome_.log = std::move(*log);
    if (const Status s = agree(log ? Status() : Status(log.error())); !s) return s;
    if (options_.log_head) options_.log_head(outcome_.log);
  } else if (const Status s = agree({}); !s) {
    return s;
  }
  for (auto& buffer : optimizers_.store().buffers()) group_.broadcast(buffer.data, 0);
  return {};
}

Status Trainer::resume() {
  auto saved = load_checkpoint(options_.checkpoints);
  if (!saved) return saved.error();
  if (const std::string difference = first_difference(saved->config, identity()); !difference.empty())
    return Error{
        fmt::format("the checkpoint in {} belongs to another run: {}. Go on with the same settings and data, or "
                    "start anew without --resume",
                    escape_line(options_.checkpoints.string()), difference)};
  if (const Status s = take_over(*saved); !s)
    return Error{fmt::format("{}: {}; it is damaged or of another version: start anew without --resume",
                             escape_line(checkpoint_file(options_.checkpoints).string()), s.error().message)};
  const Progress progress = load_progress(options_.checkpoints, *saved);
  clock_.set(progress.elapsed_ms);
  stop_ = outcome_.reached_cap = schedule_.by_clock() && clock_.ms() >= schedule_.cap_ms();
  if (!first_rank()) return {};
  auto log = RunLog::resume(options_.log, progress.log_bytes);
  if (!log) return log.error();
  outcome_.log = std::move(*log);
  const auto notice = options_.notice ? options_.notice : [](const std::string&) {};
  if (outcome_.log.size() < progress.log_bytes)
    notice(
        fmt::format("{} is shorter than it was at the checkpoint, {} bytes of {}: the log of this run has no beginning",
                    escape_line(options_.log.string()), outcome_.log.size(), progress.log_bytes));
  if (const int now = at::get_num_threads();
      model_.runtime().device.is_cpu() && progress.threads > 0 && progress.threads != now)
    notice(
        fmt::format("the checkpoint was made with {0} threads, this is {1}: the weights will differ in their last bits "
                    "from those of a run that was not interrupted; --threads {0} keeps them",
                    progress.threads, now));
  return {};
}

Status Trainer::take_over(Checkpoint& saved) {
  std::map<std::string, at::Tensor> weights, averages;
  optim::State state;
  for (const auto& [name, tensor] : saved.tensors) {
    const std::size_t slash = name.find('/');
    const std::string kind = name.substr(0, slash), rest = name.substr(slash + 1);
    if (kind == "model") weights[rest] = tensor;
    if (kind == "optim") state[rest] = tensor;
    if (kind == "average") averages[rest] = tensor;
  }
  if (const Status s = model_.load(weights); !s) return s;
  if (const Status s = optimizers_.restore(state); !s) return s;
  if (const Status s = averages_.restore(averages, saved.swa_snapshots); !s) return s;
  if (const Status s = loader_.restore(saved.loader); !s) return s;
  const at::Tensor multiplier = saved.tensors["schedule/multiplier"], looping = saved.tensors["schedule/looping"];
  if (!multiplier.defined() || !looping.defined() || multiplier.scalar_type() != at::kDouble ||
      looping.scalar_type() != at::kByte || multiplier.numel() != saved.step || looping.numel() != saved.step)
    return Error{"its record of the schedule is incomplete"};
  for (std::int64_t i = 0; i < saved.step; ++i)
    made({multiplier.const_data_ptr<double>()[i], looping.const_data_ptr<std::uint8_t>()[i] != 0});
  outcome_.steps = saved.step;
  outcome_.last_loss = saved.last_loss;
  if (!outcome_.decisions.empty()) model_.set_looping(outcome_.decisions.back().looping);
  return {};
}

Status Trainer::validate() {
  if (!options_.validate) return {};
  clock_.pause();
  const auto result = options_.validate();
  if (const Status s = agree(result ? Status() : Status(result.error())); !s) return s;
  outcome_.log.validation(outcome_.steps, schedule_.iterations(), *result, clock_.ms());
  clock_.go_on();
  return {};
}

// Adds up the gradients of this rank's micro-batches; returns their mean loss, on the device.
at::Tensor Trainer::gradients(std::int64_t micro_steps) {
  at::Tensor sum;
  for (std::int64_t micro = 0; micro < micro_steps; ++micro) {
    data::Batch batch = loader_.next(static_cast<std::size_t>(config_.train_batch_tokens / micro_steps),
                                     static_cast<std::size_t>(config_.train_seq_len));
    const at::Tensor ids = on_device(batch.ids, batch, model_.runtime().device);
    const at::Tensor targets = on_device(batch.targets, batch, model_.runtime().device);
    const at::Tensor loss =
        model_.accumulate_gradients(ids, targets, 1.0 / static_cast<double>(micro_steps)).detach().to(at::kDouble);
    sum = micro == 0 ? loss : sum.add_(loss);
  }
  return sum.div_(static_cast<double>(micro_steps));
}

Status Trainer::make_step() {
  const std::int64_t step = outcome_.steps;
  const double elapsed_ms = deciding_ms();
  const Decision decision = schedule_.decide(step, elapsed_ms);
  if (decision.looping && !model_.looping()) {
    model_.set_looping(true);
    if (model_.looping() && model_.config().loop.count > 0)
      outcome_.log.line(
          fmt::format("layer_loop:enabled step:{} frac:{:.3f}", step, schedule_.fraction(step, elapsed_ms)));
  }
  optimizers_.zero_grad();
  const at::Tensor loss = gradients(config_.grad_accum_steps / group_.place().world);
  optimizers_.step(step, decision.multiplier);
  averages_.update(step, decision.multiplier);
  return after_step(loss.item<double>(), decision);  // the one point of a step where a GPU is waited for
}

Status Trainer::after_step(double loss, const Decision& decision) {
  ++outcome_.steps;
  bool reached_cap = schedule_.by_clock() && clock_.ms() >= schedule_.cap_ms();
  bool interrupted = options_.interrupted && options_.interrupted();
  bool log_failed = !outcome_.log.status().ok();
  if (group_.place().world > 1) {
    const std::vector<double> mine = {loss, reached_cap ? 1.0 : 0.0, interrupted ? 1.0 : 0.0, log_failed ? 1.0 : 0.0};
    at::Tensor all = at::tensor(mine, at::kDouble).to(model_.runtime().device);
    group_.all_reduce(all, dist::Group::Reduce::kMean);
    all = all.cpu();
    const double* mean = all.const_data_ptr<double>();
    loss = mean[0];
    reached_cap = mean[1] > 0;
    interrupted = mean[2] > 0;
    log_failed = mean[3] > 0;
  }
  if (!std::isfinite(loss))
    return Error{fmt::format("the loss of step {} is {}; nothing of it was saved, the last checkpoint is as it was. {}",
                             outcome_.steps, std::isnan(loss) ? "not a number" : "infinite", kDiverged)};
  if (log_failed) return first_rank() ? outcome_.log.status() : Status(Error{"rank 0 cannot write its log"});
  outcome_.last_loss = loss;
  made(decision);
  outcome_.reached_cap = outcome_.reached_cap || reached_cap;
  outcome_.interrupted = interrupted;
  stop_ = stop_ || reached_cap;
  const std::int64_t step = outcome_.steps;
  if (config_.train_log_every > 0 && (step <= kFirstSteps || step % config_.train_log_every == 0 || stop_))
    outcome_.log.train_step(step, schedule_.iterations(), loss, clock_.ms());
  report(loss, decision);
  const bool last = stop_ || step == schedule_.iterations();
  if (interrupted || (config_.checkpoint_every > 0 && (last || step % config_.checkpoint_every == 0))) {
    // The originals' clock stands still for validation only. Behind the last step training is over.
    if (last || !schedule_.by_clock()) clock_.pause();
    if (const Status s = agree(save()); !s) return s;
    clock_.go_on();
  }
  return {};
}

void Trainer::made(const Decision& decision) {
  outcome_.decisions.push_back(decision);
  flops_ += static_cast<double>(config_.train_batch_tokens) * flops_per_token_[decision.looping ? 1 : 0];
}

void Trainer::report(double loss, const Decision& decision) const {
  if (!first_rank() || !options_.report) return;
  StepReport r;
  r.step = outcome_.steps;
  r.iterations = schedule_.iterations();
  r.loss = loss;
  r.multiplier = decision.multiplier;
  r.elapsed_ms = clock_.ms();
  const auto steps = static_cast<double>(r.step);
  r.tokens_per_second = steps * static_cast<double>(config_.train_batch_tokens) / (r.elapsed_ms / 1000);
  const double by_steps = static_cast<double>(r.iterations - r.step) * r.elapsed_ms / steps;
  r.left_ms = schedule_.by_clock() ? std::min(by_steps, std::max(schedule_.cap_ms() - r.elapsed_ms, 0.0)) : by_steps;
  if (peak_flops_ > 0) r.mfu = flops_ / (r.elapsed_ms / 1000) / peak_flops_;
  options_.report(r);
}

// A step's loss is of the weights before it; an overflow in its gradients shows in those after it.
Status Trainer::check_weights() {
  for (const auto& p : model_.parameters())
    if (!at::isfinite(p.tensor).all().item<bool>())
      return Error{
          fmt::format("step {} left numbers in {} that are not finite; nothing of it was saved, the last "
                      "checkpoint is as it was. {}",
                      outcome_.steps, p.name, kDiverged)};
  return {};
}

Status Trainer::save() {
  const at::NoGradGuard no_grad;
  const optim::State state = optimizers_.state();  // collective
  if (!first_rank()) return {};
  if (const Status s = check_weights(); !s) return s;
  Checkpoint c;
  c.config = identity();
  c.step = outcome_.steps;
  c.loader = loader_.state();
  c.swa_snapshots = averages_.snapshots();
  c.last_loss = outcome_.last_loss;
  const double elapsed_ms = clock_.ms();
  if (schedule_.by_clock()) c.elapsed_ms = elapsed_ms;
  for (const auto& [name, tensor] : model_.state()) c.tensors["model/" + name] = tensor;
  for (const auto& [name, tensor] : state) c.tensors["optim/" + name] = tensor;
  for (const auto& [name, tensor] : averages_.state()) c.tensors["average/" + name] = tensor;
  std::vector<double> multipliers;
  std::vector<std::uint8_t> looping;
  for (const Decision& d : outcome_.decisions) {
    multipliers.push_back(d.multiplier);
    looping.push_back(d.looping ? 1 : 0);
  }
  c.tensors["schedule/multiplier"] = at::tensor(multipliers, at::kDouble);
  c.tensors["schedule/looping"] = at::tensor(looping, at::kByte);
  if (const Status s = outcome_.log.status(); !s) return s;
  return save_checkpoint(options_.checkpoints, c, {elapsed_ms, outcome_.log.size(), at::get_num_threads()});
}

Status Trainer::loop() {
  clock_.go_on();
  while (true) {
    const std::int64_t step = outcome_.steps;
    const bool last = step == schedule_.iterations() || stop_ || outcome_.interrupted;
    if (!outcome_.interrupted && (last || (config_.val_loss_every > 0 && step % config_.val_loss_every == 0)))
      if (const Status s = validate(); !s) return s;
    if (last) return {};
    if (const Status s = make_step(); !s) return s;
  }
}

Result<TrainOutcome> Trainer::run() {
  if (const Status s = start(); !s) return s.error();
  if (outcome_.steps > schedule_.iterations())
    return Error{fmt::format("the checkpoint has made {} steps, more than the {} of this run", outcome_.steps,
                             schedule_.iterations())};
  if (const Status s = loop(); !s) return s.error();
  clock_.pause();
  outcome_.train_time_ms = clock_.ms();
  if (outcome_.interrupted) return std::move(outcome_);
  if (stop_ && outcome_.steps < schedule_.iterations())
    outcome_.log.stopped_early(outcome_.steps, schedule_.iterations(), outcome_.train_time_ms);
  outcome_.averaged = averages_.apply();
  if (!outcome_.averaged.empty())
    outcome_.log.line(
        fmt::format("{0}:applying {1} weights", outcome_.averaged, outcome_.averaged == "ema" ? "EMA" : "SWA"));
  return std::move(outcome_);
}

}  // namespace

Result<TrainOutcome> train(model::Model& model, data::Loader& loader, dist::Group& group, const TrainOptions& options) {
  try {
    Trainer trainer(model, loader, group, options);
    return trainer.run();
  } catch (const dist::GroupFailure& failure) {
    return Error{failure.what()};
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    return Error{"training stopped: " + text.substr(0, text.find('\n'))};
  } catch (const std::exception& error) {
    return Error{std::string("training stopped: ") + error.what()};
  }
}

}  // namespace pg::train

#include "reference/train/trainer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <exception>

#include "reference/base/text.h"
#include "reference/optim/optimizers.h"
#include "reference/train/averages.h"
#include "reference/train/checkpoint.h"

namespace pg::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kPeakFlops = 989.4e12;   // H100 and H200 SXM, dense bf16 (NVIDIA's data sheet)
constexpr std::int64_t kFirstSteps = 10;  // logged one by one, as the baseline does

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
  }

  Result<TrainOutcome> run();

 private:
  bool first_rank() const { return group_.place().rank == 0; }
  double elapsed_ms() const {
    return train_ms_ + std::chrono::duration<double, std::milli>(Clock::now() - started_).count();
  }
  void pause() { train_ms_ = elapsed_ms(); }
  void go_on() { started_ = Clock::now(); }

  Status start();
  Status resume();
  Status loop();
  Status validate();
  Status make_step();
  at::Tensor gradients(std::int64_t micro_steps);
  Status after_step(double loss, const Decision& decision);
  void report(double loss, const Decision& decision) const;
  Status save();
  // The same answer on every rank: the first problem of any.
  Status agree(Status mine);
  nlohmann::json identity() const;
  double flops_per_token() const;

  model::Model& model_;
  data::Loader& loader_;
  dist::Group& group_;
  const TrainOptions& options_;
  const Config& config_;
  Schedule schedule_;
  optim::Optimizers optimizers_;
  Averages averages_;
  TrainOutcome outcome_;
  double train_ms_ = 0;  // before started_
  Clock::time_point started_ = Clock::now();
  bool stop_ = false;
};

nlohmann::json Trainer::identity() const {
  nlohmann::json all = options_.identity;
  all["train"] = to_json(config_);
  // What says how often to look does not change the result.
  for (const char* name : {"train_log_every", "val_loss_every", "checkpoint_every"}) all["train"].erase(name);
  all["optim"] = optim::to_json(options_.optim);
  all["processes"] = group_.place().world;
  if (!options_.replay.empty()) all["replayed_steps"] = options_.replay.size();
  return all;
}

Status Trainer::agree(Status mine) {
  if (group_.place().world == 1) return mine;
  at::Tensor failed = at::tensor({mine.ok() ? 0.0F : 1.0F}, at::kFloat).to(model_.runtime().device);
  group_.all_reduce(failed, dist::Group::Reduce::kMax);
  if (!mine.ok() || failed.item<float>() == 0) return mine;
  return Error{"another process stopped the run; its output says why"};
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
  std::map<std::string, at::Tensor> weights, averages;
  optim::State state;
  for (const auto& [name, tensor] : saved->tensors) {
    const std::size_t slash = name.find('/');
    const std::string kind = name.substr(0, slash), rest = name.substr(slash + 1);
    if (kind == "model") weights[rest] = tensor;
    if (kind == "optim") state[rest] = tensor;
    if (kind == "average") averages[rest] = tensor;
  }
  if (const Status s = model_.load(weights); !s) return s;
  if (const Status s = optimizers_.restore(state); !s) return s;
  if (const Status s = averages_.restore(averages, saved->swa_snapshots); !s) return s;
  if (const Status s = loader_.restore(saved->loader); !s) return s;
  const at::Tensor multiplier = saved->tensors["schedule/multiplier"], looping = saved->tensors["schedule/looping"];
  if (!multiplier.defined() || !looping.defined() || multiplier.numel() != saved->step ||
      looping.numel() != saved->step)
    return Error{"the checkpoint's record of the schedule is incomplete"};
  for (std::int64_t i = 0; i < saved->step; ++i)
    outcome_.decisions.push_back(
        {multiplier.const_data_ptr<double>()[i], looping.const_data_ptr<std::uint8_t>()[i] != 0});
  outcome_.steps = saved->step;
  if (!outcome_.decisions.empty()) model_.set_looping(outcome_.decisions.back().looping);
  const Progress progress = load_progress(options_.checkpoints, *saved);
  train_ms_ = progress.elapsed_ms;
  stop_ = schedule_.by_clock() && train_ms_ >= schedule_.cap_ms();
  if (!first_rank()) return {};
  auto log = RunLog::resume(options_.log, progress.log_bytes);
  if (!log) return log.error();
  outcome_.log = std::move(*log);
  return {};
}

Status Trainer::validate() {
  if (!options_.validate) return {};
  pause();
  const auto result = options_.validate();
  if (!result) return result.error();
  outcome_.log.validation(outcome_.steps, schedule_.iterations(), *result, train_ms_);
  outcome_.validation = *result;
  go_on();
  return {};
}

// Adds up the gradients of this rank's micro-batches; returns their mean loss, on the device.
at::Tensor Trainer::gradients(std::int64_t micro_steps) {
  at::Tensor sum;
  for (std::int64_t micro = 0; micro < micro_steps; ++micro) {
    data::Batch batch = loader_.next(static_cast<std::size_t>(config_.train_batch_tokens / micro_steps),
                                     static_cast<std::size_t>(config_.train_seq_len));
    const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(batch.sequences),
                                             static_cast<std::int64_t>(batch.seq_len)};
    const auto device = model_.runtime().device;
    const at::Tensor ids = at::from_blob(batch.ids.data(), shape, at::kLong).to(device);
    const at::Tensor targets = at::from_blob(batch.targets.data(), shape, at::kLong).to(device);
    const at::Tensor loss =
        model_.accumulate_gradients(ids, targets, 1.0 / static_cast<double>(micro_steps)).detach().to(at::kDouble);
    sum = micro == 0 ? loss : sum.add_(loss);
  }
  return sum.div_(static_cast<double>(micro_steps));
}

Status Trainer::make_step() {
  const std::int64_t step = outcome_.steps;
  const Decision decision = schedule_.decide(step, elapsed_ms());
  if (decision.looping && !model_.looping()) {
    model_.set_looping(true);
    if (model_.looping() && model_.config().loop.count > 0)
      outcome_.log.line(
          fmt::format("layer_loop:enabled step:{} frac:{:.3f}", step, schedule_.fraction(step, elapsed_ms())));
  }
  optimizers_.zero_grad();
  const at::Tensor loss = gradients(config_.grad_accum_steps / group_.place().world);
  optimizers_.step(step, decision.multiplier);
  averages_.update(step, decision.multiplier);
  return after_step(loss.item<double>(), decision);  // the one point of a step where a GPU is waited for
}

Status Trainer::after_step(double loss, const Decision& decision) {
  ++outcome_.steps;
  bool reached_cap = schedule_.by_clock() && elapsed_ms() >= schedule_.cap_ms();
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
    return Error{
        fmt::format("the loss of step {} is {}; nothing of it was saved, the last checkpoint is as it was. Lower "
                    "the learning rates, clip gradients (\"grad_clip_norm\"), or look at the data",
                    outcome_.steps, std::isnan(loss) ? "not a number" : "infinite")};
  if (log_failed) return first_rank() ? outcome_.log.status() : Status(Error{"rank 0 cannot write its log"});
  outcome_.last_loss = loss;
  outcome_.decisions.push_back(decision);
  outcome_.reached_cap = outcome_.reached_cap || reached_cap;
  outcome_.interrupted = interrupted;
  stop_ = stop_ || reached_cap;
  const std::int64_t step = outcome_.steps;
  if (config_.train_log_every > 0 && (step <= kFirstSteps || step % config_.train_log_every == 0 || stop_))
    outcome_.log.train_step(step, schedule_.iterations(), loss, elapsed_ms());
  report(loss, decision);
  const bool last = stop_ || step == schedule_.iterations();
  if (interrupted || (config_.checkpoint_every > 0 && (last || step % config_.checkpoint_every == 0))) {
    pause();
    if (const Status s = agree(save()); !s) return s;
    go_on();
  }
  return {};
}

void Trainer::report(double loss, const Decision& decision) const {
  if (!first_rank() || !options_.report) return;
  StepReport r;
  r.step = outcome_.steps;
  r.iterations = schedule_.iterations();
  r.loss = loss;
  r.multiplier = decision.multiplier;
  r.elapsed_ms = elapsed_ms();
  const auto steps = static_cast<double>(r.step);
  r.tokens_per_second = steps * static_cast<double>(config_.train_batch_tokens) / (r.elapsed_ms / 1000);
  const double by_steps = static_cast<double>(r.iterations - r.step) * r.elapsed_ms / steps;
  r.left_ms = schedule_.by_clock() ? std::min(by_steps, std::max(schedule_.cap_ms() - r.elapsed_ms, 0.0)) : by_steps;
  if (model_.runtime().device.is_cuda())
    r.mfu = r.tokens_per_second * flops_per_token() / (kPeakFlops * group_.place().world);
  options_.report(r);
}

// 6 per parameter and, for causal attention, 6 per entry of the lower triangle's two products; extra passes through
// looped blocks not counted.
double Trainer::flops_per_token() const {
  const auto& c = model_.config();
  return 6.0 * static_cast<double>(model_.parameter_count()) +
         6.0 * c.layers * c.dim * static_cast<double>(config_.train_seq_len);
}

Status Trainer::save() {
  const at::NoGradGuard no_grad;
  const optim::State state = optimizers_.state();  // collective
  if (!first_rank()) return {};
  Checkpoint c;
  c.config = identity();
  c.step = outcome_.steps;
  c.loader = loader_.state();
  c.swa_snapshots = averages_.snapshots();
  if (schedule_.by_clock()) c.elapsed_ms = train_ms_;
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
  return save_checkpoint(options_.checkpoints, c, {train_ms_, outcome_.log.size()});
}

Status Trainer::loop() {
  go_on();
  while (true) {
    const std::int64_t step = outcome_.steps;
    const bool last = step == schedule_.iterations() || stop_ || outcome_.interrupted;
    if (!outcome_.interrupted && (last || (config_.val_loss_every > 0 && step % config_.val_loss_every == 0)))
      if (const Status s = agree(validate()); !s) return s;
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
  pause();
  outcome_.train_time_ms = train_ms_;
  if (outcome_.interrupted) return std::move(outcome_);
  if (stop_ && outcome_.steps < schedule_.iterations())
    outcome_.log.stopped_early(outcome_.steps, schedule_.iterations(), train_ms_);
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

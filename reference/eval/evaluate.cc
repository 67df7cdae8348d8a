#include "reference/eval/evaluate.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "reference/base/text.h"

namespace pg::eval {
namespace {

// Positions of a batch that are in flight: 16,384 x 2,048 f32 activations of an MLP are 134 MB.
constexpr std::size_t kPositionsCpu = 16'384, kPositionsGpu = 131'072;

struct Job {
  model::Model& model;
  std::span<const std::uint16_t> tokens;
  const data::ByteTable& bytes;
  score::WindowPlan plan;
  std::size_t batch;

  // A first window that scores its context as well goes alone: with the others it would have their heads computed
  // from position 0 on.
  std::size_t lead() const { return plan.size() > 1 && plan.at(1).from > 0 ? 1 : 0; }
  std::size_t batches() const { return lead() + (plan.size() - lead() + batch - 1) / batch; }
  score::Share windows_of(std::size_t index) const {
    if (index < lead()) return {0, 1};
    const std::size_t begin = lead() + (index - lead()) * batch;
    return {begin, std::min(begin + batch, plan.size())};
  }
};

// Rows are filled up with zeros to the full width, and batches behind the first to the full height, so that the shapes
// (and with them the rounding) do not depend on which windows are left for the end.
score::Sums score_batch(const Job& job, std::size_t index) {
  const score::Share windows = job.windows_of(index);
  const std::size_t rows = index < job.lead() ? 1 : job.batch, seq_len = job.plan.seq_len();
  std::size_t from = seq_len;
  const auto shape = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(seq_len)};
  at::Tensor ids = at::zeros(shape, at::kLong), targets = at::zeros(shape, at::kLong);
  std::int64_t *id = ids.mutable_data_ptr<std::int64_t>(), *target = targets.mutable_data_ptr<std::int64_t>();
  for (std::size_t row = 0; row < windows.size(); ++row) {
    const score::Window w = job.plan.at(windows.begin + row);
    from = std::min(from, w.from);
    for (std::size_t p = 0; p < w.length; ++p) {
      id[row * seq_len + p] = job.tokens[w.start + p];
      target[row * seq_len + p] = job.tokens[w.start + p + 1];
    }
  }
  const c10::Device device = job.model.runtime().device;
  const at::Tensor nll = job.model.token_nll(ids.to(device), targets.to(device), static_cast<std::int64_t>(from))
                             .to(at::kCPU)
                             .contiguous();
  const float* nats = nll.const_data_ptr<float>();
  score::Sums sums;
  for (std::size_t row = 0; row < windows.size(); ++row) {
    const score::Window w = job.plan.at(windows.begin + row);
    for (std::size_t p = w.from; p < w.length; ++p)
      sums.add(static_cast<double>(nats[row * (seq_len - from) + p - from]),
               static_cast<std::uint64_t>(job.bytes.count_bytes(job.tokens[w.start + p], job.tokens[w.start + p + 1])));
  }
  return sums;
}

// One row (nats, tokens, bytes) per batch; each rank fills its own, and adding zeros changes nothing. A row behind them
// counts the ranks that could not: a rank that left instead would leave the others waiting.
Result<at::Tensor> score_share(const Job& job, dist::Group& group, const EvalOptions& options) {
  const auto batches = static_cast<std::int64_t>(job.batches());
  at::Tensor table = at::zeros({batches + 1, 3}, at::kDouble);
  double* rows = table.mutable_data_ptr<double>();
  std::string problem;
  try {
    const score::Share mine = score::share_of(job.batches(), group.place().rank, group.place().world);
    for (std::size_t i = mine.begin; i < mine.end; ++i) {
      const score::Sums sums = score_batch(job, i);
      rows[3 * i] = sums.nats;
      rows[3 * i + 1] = static_cast<double>(sums.tokens);
      rows[3 * i + 2] = static_cast<double>(sums.bytes);
      if (options.progress) options.progress(i + 1 - mine.begin, mine.size());
    }
  } catch (const c10::Error& error) {
    problem = error.what_without_backtrace();
    rows[3 * batches] = 1;
  }
  table = table.to(job.model.runtime().device);
  group.all_reduce(table, dist::Group::Reduce::kSum);
  table = table.to(at::kCPU).contiguous();
  if (!problem.empty())
    return Error{fmt::format("evaluation: {}. If memory ran out, evaluate fewer windows at a time than {}",
                             escape_line(problem, 300), job.batch)};
  if (table.const_data_ptr<double>()[3 * batches] > 0)
    return Error{"evaluation: another process failed; its output says why"};
  return table;
}

Result<score::Sums> add_up(const Job& job, const at::Tensor& table) {
  const double* row = table.const_data_ptr<double>();
  score::Sums all;
  for (std::size_t i = 0; i < job.batches(); ++i, row += 3) {
    if (!std::isfinite(row[0]))
      return Error{fmt::format(
          "evaluation: the loss is not finite in the window that starts at token {}. The weights have diverged or were "
          "not loaded; evaluate an earlier checkpoint, or train with a lower learning rate",
          with_commas(static_cast<std::int64_t>(job.plan.at(job.windows_of(i).begin).start)))};
    all.merge({row[0], static_cast<std::uint64_t>(row[1]), static_cast<std::uint64_t>(row[2])});
  }
  return all;
}

Status check_tokens(std::span<const std::uint16_t> tokens, int vocab_size) {
  const auto bad = std::find_if(tokens.begin(), tokens.end(), [&](std::uint16_t id) { return id >= vocab_size; });
  if (bad == tokens.end()) return {};
  return Error{fmt::format(
      "evaluation: token {} has the id {}, the model's vocabulary has {}. Shards and model belong to different "
      "tokenizers; give the shards that the model was trained on",
      with_commas(bad - tokens.begin()), *bad, vocab_size)};
}

Result<score::WindowPlan> make_plan(std::size_t tokens, const EvalOptions& options) {
  const bool exact = options.tail == score::Tail::kExact;
  const std::size_t all = tokens == 0 ? 0 : tokens - 1;
  const std::size_t targets = exact ? all : score::contest_targets(tokens, options.seq_len);
  auto plan = options.mode == Mode::kPlain
                  ? score::WindowPlan::plain(targets, options.seq_len)
                  : score::WindowPlan::sliding(targets, options.seq_len, options.stride, options.tail);
  if (plan && plan->size() == 0)
    return Error{
        fmt::format("evaluation: {} tokens give nothing to score at a sequence length of {}{}. Give more text or a "
                    "shorter sequence",
                    tokens, options.seq_len, exact ? "" : ", whole sequences only")};
  return plan;
}

}  // namespace

Result<EvalResult> evaluate(model::Model& model, std::span<const std::uint16_t> tokens, const data::ByteTable& bytes,
                            dist::Group& group, const EvalOptions& options) {
  auto plan = make_plan(tokens.size(), options);
  if (!plan) return plan.error();
  if (Status status = check_tokens(tokens, model.config().vocab_size); !status) return status.error();
  const c10::Device device = model.runtime().device;
  const std::size_t fits =
      std::max<std::size_t>((device.is_cpu() ? kPositionsCpu : kPositionsGpu) / options.seq_len, 1);
  const std::size_t batch = std::min(options.batch > 0 ? options.batch : fits, plan->size());
  const Job job{model, tokens, bytes, *plan, batch};
  const auto start = std::chrono::steady_clock::now();
  try {
    // Not InferenceMode: what the model caches here (the rotation's tables) is used in training afterwards.
    const at::NoGradGuard no_grad;
    const auto table = score_share(job, group, options);
    if (!table) return table.error();
    const auto sums = add_up(job, *table);
    if (!sums) return sums.error();
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
    at::Tensor slowest = at::full({1}, spent.count(), at::TensorOptions().dtype(at::kDouble).device(device));
    group.all_reduce(slowest, dist::Group::Reduce::kMax);
    return EvalResult{*sums, sums->nats_per_token(), sums->bits_per_byte(), job.plan.size(), slowest.item<double>()};
  } catch (const dist::GroupFailure& failure) {
    return Error{fmt::format("evaluation: {}", failure.what())};
  } catch (const c10::Error& error) {
    return Error{fmt::format("evaluation: {}. If memory ran out, evaluate fewer windows at a time than {}",
                             escape_line(error.what_without_backtrace(), 300), batch)};
  }
}

}  // namespace pg::eval

#include "reference/model/model.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <new>

#include "reference/base/text.h"
#include "reference/model/attention_backend.h"
#include "reference/model/gpt.h"
#include "reference/model/init.h"
#include "reference/model/parameter_spec.h"

namespace pg::model {
namespace {

at::Tensor make_parameter(const ParameterSpec& spec, const Config& config, const Runtime& runtime, std::uint64_t seed) {
  const std::vector<float> values = initial_values(spec, seed);
  at::Tensor tensor = at::empty(spec.shape, at::TensorOptions().dtype(at::kFloat));
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<float>());
  if (config.init_through_bf16) tensor = tensor.to(at::kBFloat16);
  const bool bf16 = runtime.precision == Precision::kBf16 && spec.role == Role::kEmbedding;
  tensor = tensor.to(runtime.device, bf16 ? at::kBFloat16 : at::kFloat);
  tensor.set_requires_grad(true);
  return tensor;
}

}  // namespace

Result<std::unique_ptr<Model>> Model::create(const Config& config, const Runtime& runtime, std::uint64_t seed) {
  if (Status status = config.validate(); !status) return status.error();
  try {
    if (runtime.device.is_cuda()) order_attention_kernels();
    std::vector<Parameter> parameters;
    for (const ParameterSpec& spec : parameter_specs(config))
      parameters.push_back({spec.name, make_parameter(spec, config, runtime, seed)});
    return std::unique_ptr<Model>(std::make_unique<Gpt>(config, runtime, std::move(parameters)));
  } catch (const std::bad_alloc&) {
    return Error{fmt::format("a model of {} parameters does not fit into memory; use a smaller preset",
                             with_commas(config.parameter_count()))};
  } catch (const c10::Error& error) {
    return Error{fmt::format("a model of {} parameters cannot be made on {}: {}", with_commas(config.parameter_count()),
                             runtime.device.str(), escape_line(error.what_without_backtrace(), 300))};
  }
}

Status Model::load(const std::map<std::string, at::Tensor>& weights) {
  std::vector<Parameter>& mine = parameters();
  for (const auto& [name, tensor] : weights) {
    if (std::none_of(mine.begin(), mine.end(), [&](const Parameter& p) { return p.name == name; }))
      return Error{
          fmt::format("weights: '{}' is no parameter of this model; load them into the configuration that they "
                      "were trained in",
                      escape_line(name, 100))};
  }
  for (const Parameter& p : mine) {
    const auto found = weights.find(p.name);
    if (found == weights.end())
      return Error{
          fmt::format("weights: '{}' is missing ({} of {} parameters are there)", p.name, weights.size(), mine.size())};
    const at::Tensor& given = found->second;
    if (given.defined() && !given.is_floating_point())
      return Error{
          fmt::format("weights: '{}' holds {}, not floating-point numbers; quantized weights have to be "
                      "dequantized first",
                      p.name, c10::toString(given.scalar_type()))};
    if (!given.defined() || given.sizes() != p.tensor.sizes())
      return Error{
          fmt::format("weights: '{}' has the shape [{}], the model needs [{}]; load them into the configuration "
                      "that they were trained in",
                      p.name, given.defined() ? fmt::format("{}", fmt::join(given.sizes(), ", ")) : "none",
                      fmt::join(p.tensor.sizes(), ", "))};
  }
  try {
    const at::NoGradGuard no_grad;
    for (Parameter& p : mine) p.tensor.copy_(weights.at(p.name));
  } catch (const c10::Error& error) {
    return Error{fmt::format("weights: {}", escape_line(error.what_without_backtrace(), 300))};
  }
  return {};
}

std::map<std::string, at::Tensor> Model::state() {
  std::map<std::string, at::Tensor> all;
  for (const Parameter& p : parameters()) all.emplace(p.name, p.tensor.detach());
  return all;
}

std::int64_t Model::parameter_count() {
  std::int64_t sum = 0;
  for (const Parameter& p : parameters()) sum += p.tensor.numel();
  return sum;
}

}  // namespace pg::model

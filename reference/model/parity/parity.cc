#include "reference/model/parity/parity.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "reference/base/text.h"
#include "reference/dist/group.h"
#include "reference/model/parity/numbers.h"
#include "reference/optim/optimizers.h"

namespace pg::model::parity {
namespace {

using nlohmann::json;

std::uint64_t seed_of(const json& numbers) {
  return numbers.at("seed").get<std::uint64_t>();
}

Projections projections_of(const json& one_case, const std::string& name) {
  return one_case.at("gradients").at(name).at("projections").get<Projections>();
}

// The index of the original's f32 case of the same shape; f32 cases come first.
std::size_t f32_case(const json& numbers, const json& like) {
  const json& cases = numbers.at("cases");
  std::size_t i = 0;
  while (cases.at(i).at("precision") != "f32" || cases[i].at("looping") != like.at("looping") ||
         cases[i].at("seq_len") != like.at("seq_len"))
    ++i;
  return i;
}

at::Tensor gradient_of(const Parameter& p) {
  return p.tensor.grad().defined() ? p.tensor.grad() : at::zeros_like(p.tensor.detach());
}

// |ours - g| for the gradients at the file's position.
Result<double> difference_from_file(std::ifstream& file, const at::Tensor& ours) {
  at::Tensor theirs = at::empty(ours.sizes(), at::TensorOptions().dtype(at::kFloat));
  file.read(reinterpret_cast<char*>(theirs.mutable_data_ptr<float>()), theirs.numel() * 4);
  if (!file) return Error{"the file of gradients is too short; export it again with the numbers"};
  return (ours.to(c10::kCPU, at::kDouble) - theirs.to(at::kDouble)).norm().item<double>();
}

Result<CaseResult> run_case(const json& numbers, const json& one_case, Runtime runtime, std::ifstream* raw) {
  CaseResult result;
  result.precision = one_case.at("precision") == "bf16" ? Precision::kBf16 : Precision::kF32;
  result.looping = one_case.at("looping").get<bool>();
  result.seq_len = one_case.at("seq_len").get<std::int64_t>();
  const std::size_t which = f32_case(numbers, one_case);
  const json& truth = numbers.at("cases").at(which);
  runtime.precision = result.precision;
  auto model = make_model(numbers, runtime);
  if (!model) return model.error();
  (*model)->set_looping(result.looping);
  const auto [ids, targets] = tokens(seed_of(numbers), "0", one_case.at("sequences").get<std::int64_t>(),
                                     result.seq_len, (*model)->config().vocab_size);
  const at::Tensor loss = (*model)->accumulate_gradients(ids.to(runtime.device), targets.to(runtime.device), 1.0);
  result.loss = loss.item<double>();
  result.loss_original = one_case.at("loss").get<double>();
  result.loss_f32 = truth.at("loss").get<double>();
  if (raw != nullptr) raw->seekg(static_cast<std::streamoff>(which) * 4 * (*model)->parameter_count());
  for (const Parameter& p : (*model)->parameters()) {
    const at::Tensor ours = gradient_of(p);
    TensorResult tensor{p.name, p.tensor.numel(), truth.at("gradients").at(p.name).at("norm").get<double>()};
    if (raw != nullptr) {
      const auto exact = difference_from_file(*raw, ours);
      if (!exact) return exact.error();
      tensor.difference = *exact;
    } else {
      tensor.difference = norm_of_difference(project(seed_of(numbers), p.name, ours), projections_of(truth, p.name));
    }
    tensor.theirs = one_case.at("gradients").at(p.name).value("difference", 0.0);
    result.tensors.push_back(tensor);
  }
  return result;
}

double root_of_squares(const std::vector<TensorResult>& tensors, double TensorResult::*field) {
  double difference = 0, norm = 0;
  for (const TensorResult& t : tensors) {
    difference += t.*field * (t.*field);
    norm += t.norm * t.norm;
  }
  return std::sqrt(difference / norm);
}

Result<StepsResult> train(const json& numbers, Model& model) {
  const json& steps = numbers.at("steps");
  json settings = numbers.at("optim");
  settings["muon_precision"] = "bf16";  // as the originals
  const auto optim = optim::config_from_json(settings, "numbers.optim");
  if (!optim) return optim.error();
  const auto group = dist::make_group({}, model.runtime().device);
  if (!group) return group.error();
  optim::Optimizers optimizers(*optim, model.parameters(), **group);
  StepsResult result;
  result.original = steps.at("losses").get<std::vector<double>>();
  const auto scales = steps.at("lr_scale").get<std::vector<double>>();
  if (result.original.size() != scales.size() + 1)
    return Error{fmt::format("numbers: {} losses for {} steps; make them anew with export_parity.py",
                             result.original.size(), scales.size())};
  for (std::size_t step = 0; step <= scales.size(); ++step) {
    auto [ids, targets] = tokens(seed_of(numbers), std::to_string(step), steps.at("sequences").get<std::int64_t>(),
                                 steps.at("seq_len").get<std::int64_t>(), model.config().vocab_size);
    ids = ids.to(model.runtime().device);
    targets = targets.to(model.runtime().device);
    if (step == scales.size()) {
      const at::NoGradGuard no_grad;
      result.ours.push_back(model.token_nll(ids, targets).mean().item<double>());
      break;
    }
    model.set_looping(step >= steps.at("loop_from").get<std::size_t>());
    optimizers.zero_grad();
    result.ours.push_back(model.accumulate_gradients(ids, targets, 1.0).item<double>());
    optimizers.step(static_cast<std::int64_t>(step), scales[step]);
  }
  return result;
}

// What the JSON library and LibTorch throw becomes an Error.
template <class F>
auto guarded(F&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const json::exception& error) {
    return Error{fmt::format("numbers: {}; make them anew with export_parity.py", escape_line(error.what()))};
  } catch (const c10::Error& error) {
    return Error{escape_line(error.what_without_backtrace(), 300)};
  }
}

}  // namespace

const TensorResult& CaseResult::worst() const {
  // A tensor that is not a number is the worst of all; no comparison would say so.
  const auto share = [](const TensorResult& t) {
    const double relative = t.difference / t.norm;
    return std::isfinite(relative) ? relative : std::numeric_limits<double>::infinity();
  };
  return *std::max_element(tensors.begin(), tensors.end(),
                           [&](const TensorResult& a, const TensorResult& b) { return share(a) < share(b); });
}

double CaseResult::whole() const {
  return root_of_squares(tensors, &TensorResult::difference);
}
double CaseResult::whole_theirs() const {
  return root_of_squares(tensors, &TensorResult::theirs);
}

double StepsResult::worst() const {
  double worst = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double off = std::abs(ours[i] - original[i]) / std::abs(original[i]);
    worst = std::isfinite(off) ? std::max(worst, off) : std::numeric_limits<double>::infinity();
  }
  return worst;
}

Result<json> load_numbers(const std::filesystem::path& file) {
  constexpr std::uint64_t kMaxBytes = 64 << 20;
  const auto text = read_file(file, kMaxBytes);
  if (!text) return text.error();
  json numbers = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!numbers.is_object() || !numbers.contains("cases"))
    return Error{fmt::format("{}: no numbers of export_parity.py", escape_line(file.string(), 300))};
  return numbers;
}

Result<std::unique_ptr<Model>> make_model(const json& numbers, const Runtime& runtime) {
  return guarded([&]() -> Result<std::unique_ptr<Model>> {
    const auto config = config_from_json(numbers.at("model"), "numbers.model");
    if (!config) return config.error();
    auto model = Model::create(*config, runtime, 0);
    if (!model) return model.error();
    const json& theirs = numbers.at("parameters");
    std::map<std::string, at::Tensor> values;
    for (std::size_t i = 0; i < (*model)->parameters().size(); ++i) {
      const Parameter& p = (*model)->parameters()[i];
      const json mine = {{"name", p.name}, {"shape", p.tensor.sizes().vec()}};
      if (i >= theirs.size() || theirs[i] != mine)
        return Error{fmt::format("parameter {} is {}, the original's is {}", i, mine.dump(),
                                 i < theirs.size() ? theirs[i].dump() : "none")};
      values.emplace(p.name, weights(seed_of(numbers), p.name, p.tensor.sizes()));
    }
    if (theirs.size() != values.size())
      return Error{fmt::format("the original has {} parameters, the model {}", theirs.size(), values.size())};
    if (Status status = (*model)->load(values); !status) return status.error();
    return model;
  });
}

Result<std::vector<CaseResult>> run_cases(const json& numbers, Runtime runtime,
                                          const std::filesystem::path& gradients) {
  return guarded([&]() -> Result<std::vector<CaseResult>> {
    std::ifstream raw(gradients, std::ios::binary);
    if (!gradients.empty() && !raw)
      return Error{fmt::format("{}: cannot be read", escape_line(gradients.string(), 300))};
    std::vector<CaseResult> results;
    for (const json& one_case : numbers.at("cases")) {
      auto result = run_case(numbers, one_case, runtime, gradients.empty() ? nullptr : &raw);
      if (!result) return result.error();
      results.push_back(std::move(*result));
    }
    return results;
  });
}

Result<StepsResult> run_steps(const json& numbers, Runtime runtime) {
  return guarded([&]() -> Result<StepsResult> {
    if (!numbers.contains("steps")) return StepsResult();
    runtime.precision = Precision::kF32;
    auto model = make_model(numbers, runtime);
    if (!model) return model.error();
    return train(numbers, **model);
  });
}

}  // namespace pg::model::parity

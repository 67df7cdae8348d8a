#include "reference/model/parity/numbers.h"

#include <ATen/ops/empty.h>

#include <bit>
#include <cmath>

#include "reference/base/counter_random.h"

namespace pg::model::parity {
std::vector<std::uint64_t> bits(std::uint64_t seed, std::string_view name, std::size_t count) {
  const CounterRandom random(seed, name);
  std::vector<std::uint64_t> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = random.bits(i);
  return out;
}

at::Tensor weights(std::uint64_t seed, const std::string& name, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  float* values = tensor.mutable_data_ptr<float>();
  const auto count = static_cast<std::size_t>(tensor.numel());
  const bool matrix = name.ends_with(".weight");
  double scale = 1.0 / 16;
  if (matrix && name != "tok_emb.weight")
    scale = std::ldexp(1.0, -(static_cast<int>(std::bit_width(static_cast<std::uint64_t>(shape[1]))) - 1) / 2);
  const std::vector<std::uint64_t> drawn = bits(seed, name, count);
  for (std::size_t i = 0; i < count; ++i) {
    const double u = static_cast<double>(drawn[i] >> 40) * 0x1p-24;
    values[i] = static_cast<float>(matrix ? (2 * u - 1) * scale : u + 0.5);
  }
  return tensor;
}

std::pair<at::Tensor, at::Tensor> tokens(std::uint64_t seed, std::string_view which, std::int64_t sequences,
                                         std::int64_t length, int vocab) {
  const auto drawn = bits(seed, "tokens " + std::string(which), static_cast<std::size_t>(sequences * (length + 1)));
  at::Tensor ids = at::empty({sequences, length + 1}, at::TensorOptions().dtype(at::kLong));
  auto* values = ids.mutable_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < drawn.size(); ++i)
    values[i] = static_cast<std::int64_t>(drawn[i] % static_cast<std::uint64_t>(vocab));
  return {ids.narrow(1, 0, length).contiguous(), ids.narrow(1, 1, length).contiguous()};
}

Projections project(std::uint64_t seed, const std::string& name, const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(c10::kCPU, at::kDouble).contiguous().flatten();
  const double* values = flat.const_data_ptr<double>();
  const auto drawn = bits(seed, name + " projections", static_cast<std::size_t>(flat.numel()));
  Projections sums{};
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    for (std::size_t k = 0; k < kProjections; ++k) sums[k] += (drawn[i] >> k & 1) != 0 ? values[i] : -values[i];
  }
  return sums;
}

double norm_of_difference(const Projections& a, const Projections& b) {
  double squares = 0;
  for (std::size_t k = 0; k < kProjections; ++k) squares += (a[k] - b[k]) * (a[k] - b[k]);
  return std::sqrt(squares / kProjections);
}

}  // namespace pg::model::parity

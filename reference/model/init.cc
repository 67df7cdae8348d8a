#include "reference/model/init.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "reference/base/counter_random.h"
#include "reference/base/parallel.h"

// READ ME FIRST
// 1. Random numbers are a function of (seed, name, index): counter_random.h.
// 2. Sums run in one fixed order in double; the build forbids contraction to fused multiply-adds for this file, so that
//    machines agree.
// 3. An orthogonal matrix comes from random reflections (Stewart 1980), not from a factorisation: the same distribution
//    as the QR of a Gaussian matrix with the signs of R's diagonal moved into Q, which is what the originals draw.

namespace pg::model {
namespace {

class Random : public CounterRandom {
 public:
  using CounterRandom::CounterRandom;

  // N(0, 1); an even index and the one behind it share a draw (Box and Muller).
  double normal(std::uint64_t index) const {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform(index & ~std::uint64_t{1})));
    const double angle = 2.0 * std::numbers::pi * uniform(index | 1);
    return radius * ((index & 1) == 0 ? std::cos(angle) : std::sin(angle));
  }
};

constexpr std::size_t kPanel = 32;  // columns that are worked on together; columns do not depend on each other

// H_k = I - factor v v^T on the rows from k on.
struct Reflection {
  std::vector<double> v;
  double factor = 0;
  double sign = 1;  // of R's diagonal entry in the factorisation that this stands for
};

std::vector<Reflection> draw_reflections(std::size_t rows, std::size_t columns, const Random& random) {
  std::vector<Reflection> all(columns);
  std::uint64_t index = 0;
  for (std::size_t k = 0; k < columns; ++k) {
    Reflection& h = all[k];
    h.v.resize(rows - k);
    double squares = 0;
    for (double& x : h.v) {
      x = random.normal(index++);
      squares += x * x;
    }
    const double toward = h.v[0] < 0 ? -1.0 : 1.0;
    const double length = std::sqrt(squares);
    h.sign = -toward;
    h.factor = 1.0 / (squares + std::abs(h.v[0]) * length);  // 2 / |v|^2 with the new v[0]
    h.v[0] += toward * length;
  }
  return all;
}

// panel: [rows, kPanel], columns first .. first + kPanel - 1 of the identity on entry, of the orthogonal matrix on
// exit.
void reflect(const std::vector<Reflection>& all, std::size_t first, std::size_t rows, std::vector<double>& panel) {
  for (std::size_t k = std::min(all.size(), first + kPanel); k-- > 0;) {
    const double* v = all[k].v.data();
    double dot[kPanel] = {};
    for (std::size_t i = k; i < rows; ++i) {
      const double* row = panel.data() + i * kPanel;
      for (std::size_t c = 0; c < kPanel; ++c) dot[c] += v[i - k] * row[c];
    }
    for (double& d : dot) d *= all[k].factor;
    for (std::size_t i = k; i < rows; ++i) {
      double* row = panel.data() + i * kPanel;
      for (std::size_t c = 0; c < kPanel; ++c) row[c] -= v[i - k] * dot[c];
    }
  }
}

std::vector<float> orthogonal(const ParameterSpec& spec, const Random& random) {
  const auto out = static_cast<std::size_t>(spec.shape[0]);
  const auto in = static_cast<std::size_t>(spec.shape[1]);
  const std::size_t rows = std::max(out, in);
  const std::size_t columns = std::min(out, in);
  const std::vector<Reflection> all = draw_reflections(rows, columns, random);
  std::vector<float> values(out * in);
  parallel_for((columns + kPanel - 1) / kPanel, 0, [&](std::size_t which) {
    const std::size_t first = which * kPanel;
    const std::size_t width = std::min(kPanel, columns - first);
    std::vector<double> panel(rows * kPanel);
    for (std::size_t c = 0; c < width; ++c) panel[(first + c) * kPanel + c] = 1.0;
    reflect(all, first, rows, panel);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t c = 0; c < width; ++c) {
        const double value = panel[i * kPanel + c] * all[first + c].sign * spec.value;
        values[out >= in ? i * in + first + c : (first + c) * in + i] = static_cast<float>(value);
      }
    }
  });
  return values;
}

}  // namespace

std::vector<float> initial_values(const ParameterSpec& spec, std::uint64_t seed) {
  const Random random(seed, spec.name);
  if (spec.fill == Fill::kOrthogonal) return orthogonal(spec, random);
  std::vector<float> values(static_cast<std::size_t>(spec.numel()), static_cast<float>(spec.value));
  switch (spec.fill) {
    case Fill::kFirstRowOnes:
      std::fill(values.begin() + static_cast<std::ptrdiff_t>(spec.shape[1]), values.end(), 0.0F);
      break;
    case Fill::kNormal:
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random.normal(i) * spec.value);
      break;
    case Fill::kUniform:
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>((2.0 * random.uniform(i) - 1.0) * spec.value);
      break;
    case Fill::kConstant:
    case Fill::kOrthogonal:
      break;
  }
  return values;
}

}  // namespace pg::model

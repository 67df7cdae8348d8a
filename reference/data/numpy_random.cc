#include "reference/data/numpy_random.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

namespace pg::data {
namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr Wide wide(std::uint64_t high, std::uint64_t low) {
  return (static_cast<Wide>(high) << 64) | low;
}

constexpr Wide kMultiplier = wide(2549297995355413924ULL, 4865540595714422341ULL);

// numpy.random.SeedSequence(seed).generate_state(4, uint64): a pool of four words stirred with the seed's words.
class SeedSequence {
 public:
  explicit SeedSequence(std::uint64_t seed) {
    // A seed is as many 32-bit words as it needs; the pool's other words start from 0 all the same.
    const std::array<std::uint32_t, 4> words = {static_cast<std::uint32_t>(seed),
                                                static_cast<std::uint32_t>(seed >> 32), 0, 0};
    for (std::size_t i = 0; i < pool_.size(); ++i) pool_[i] = hash(words[i]);
    for (std::size_t from = 0; from < pool_.size(); ++from)
      for (std::size_t to = 0; to < pool_.size(); ++to)
        if (from != to) pool_[to] = mix(pool_[to], hash(pool_[from]));
  }

  std::array<std::uint64_t, 4> state() const {
    std::array<std::uint32_t, 8> words;
    std::uint32_t constant = 0x8b51f9dd;
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::uint32_t value = pool_[i % pool_.size()] ^ constant;
      constant *= 0x58f38ded;
      value *= constant;
      words[i] = value ^ (value >> 16);
    }
    std::array<std::uint64_t, 4> state;
    for (std::size_t i = 0; i < 4; ++i) state[i] = words[2 * i] | (static_cast<std::uint64_t>(words[2 * i + 1]) << 32);
    return state;
  }

 private:
  std::uint32_t hash(std::uint32_t value) {
    value ^= constant_;
    constant_ *= 0x931e8875;
    value *= constant_;
    return value ^ (value >> 16);
  }
  static std::uint32_t mix(std::uint32_t x, std::uint32_t y) {
    const std::uint32_t value = 0xca01f9dd * x - 0x4973f715 * y;
    return value ^ (value >> 16);
  }

  std::array<std::uint32_t, 4> pool_{};
  std::uint32_t constant_ = 0x43b0d7e5;
};

// Stirling's correction to log(x!), as BTPE writes it.
double stirling(double x) {
  const double square = x * x;
  return (13680. - (462. - (132. - (99. - 140. / square) / square) / square) / square) / x / 166320.;
}

// The first index whose cumulative probability exceeds u (numpy: searchsorted side="right").
std::size_t pick(const std::vector<double>& cumulative, double u) {
  const auto found = std::upper_bound(cumulative.begin(), cumulative.end(), u);
  return static_cast<std::size_t>(found - cumulative.begin());
}

std::vector<double> cumulative(std::span<const double> p) {
  std::vector<double> sums(p.size());
  std::partial_sum(p.begin(), p.end(), sums.begin());
  const double total = sums.back();
  for (double& sum : sums) sum /= total;
  return sums;
}

}  // namespace

NumpyRandom::NumpyRandom(std::uint64_t seed) {
  const auto words = SeedSequence(seed).state();
  increment_ = (wide(words[2], words[3]) << 1) | 1;
  state_ = (increment_ + wide(words[0], words[1])) * kMultiplier + increment_;
}

std::uint64_t NumpyRandom::next64() {
  state_ = state_ * kMultiplier + increment_;
  const auto high = static_cast<std::uint64_t>(state_ >> 64);
  return std::rotr(high ^ static_cast<std::uint64_t>(state_), static_cast<int>(high >> 58));
}

std::uint32_t NumpyRandom::next32() {
  if (has_half_) {
    has_half_ = false;
    return half_;
  }
  const std::uint64_t word = next64();
  has_half_ = true;
  half_ = static_cast<std::uint32_t>(word >> 32);
  return static_cast<std::uint32_t>(word);
}

double NumpyRandom::random() {
  return static_cast<double>(next64() >> 11) * 0x1p-53;
}

std::uint64_t NumpyRandom::bounded(std::uint64_t range) {
  if (range == 0) return 0;
  if (range == 0xFFFFFFFF) return next32();
  if (range == 0xFFFFFFFFFFFFFFFF) return next64();
  if (range < 0xFFFFFFFF) {
    const auto count = static_cast<std::uint32_t>(range + 1);
    std::uint64_t product = static_cast<std::uint64_t>(next32()) * count;
    if (static_cast<std::uint32_t>(product) < count) {
      const std::uint32_t threshold = (0xFFFFFFFFU - static_cast<std::uint32_t>(range)) % count;
      while (static_cast<std::uint32_t>(product) < threshold) product = static_cast<std::uint64_t>(next32()) * count;
    }
    return product >> 32;
  }
  const std::uint64_t count = range + 1;
  Wide product = static_cast<Wide>(next64()) * count;
  if (static_cast<std::uint64_t>(product) < count) {
    const std::uint64_t threshold = (0xFFFFFFFFFFFFFFFF - range) % count;
    while (static_cast<std::uint64_t>(product) < threshold) product = static_cast<Wide>(next64()) * count;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t NumpyRandom::interval(std::uint64_t max) {
  if (max == 0) return 0;
  const std::uint64_t mask = std::bit_ceil(max + 1) - 1;
  while (true) {
    const std::uint64_t value = (max <= 0xFFFFFFFF ? next32() : next64()) & mask;
    if (value <= max) return value;
  }
}

std::int64_t NumpyRandom::integers(std::int64_t low, std::int64_t high) {
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) - 1;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + bounded(range));
}

std::vector<std::int64_t> NumpyRandom::permutation(std::int64_t n) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[interval(i)]);
  return order;
}

std::size_t NumpyRandom::choice(std::span<const double> p) {
  return pick(cumulative(p), random());
}

std::vector<std::size_t> NumpyRandom::choice_without_replacement(std::span<const double> p, std::size_t count) {
  std::vector<double> left(p.begin(), p.end());
  std::vector<std::size_t> found;
  while (found.size() < count) {
    std::vector<double> draws(count - found.size());
    for (double& draw : draws) draw = random();
    for (const std::size_t taken : found) left[taken] = 0;
    const std::vector<double> sums = cumulative(left);
    std::vector<std::size_t> fresh;
    for (const double draw : draws) {
      const std::size_t index = pick(sums, draw);
      if (std::find(fresh.begin(), fresh.end(), index) == fresh.end()) fresh.push_back(index);
    }
    found.insert(found.end(), fresh.begin(), fresh.end());
  }
  return found;
}

std::vector<std::int64_t> NumpyRandom::multinomial(std::int64_t n, std::span<const double> p) {
  std::vector<std::int64_t> counts(p.size(), 0);
  double remaining = 1.0;
  std::int64_t left = n;
  for (std::size_t i = 0; i + 1 < p.size() && left > 0; ++i) {
    counts[i] = binomial(left, p[i] / remaining);
    left -= counts[i];
    remaining -= p[i];
  }
  if (left > 0) counts.back() = left;
  return counts;
}

std::int64_t NumpyRandom::binomial(std::int64_t n, double p) {
  if (n == 0 || p == 0) return 0;
  const bool flipped = p > 0.5;
  const double rate = flipped ? 1.0 - p : p;
  const double mean = rate * static_cast<double>(n);
  const std::int64_t drawn = mean <= 30.0 ? binomial_inversion(n, rate) : binomial_btpe(n, rate);
  return flipped ? n - drawn : drawn;
}

std::int64_t NumpyRandom::binomial_inversion(std::int64_t n, double p) {
  const double count = static_cast<double>(n), q = 1.0 - p;
  const double at_zero = std::exp(count * std::log(q)), mean = count * p;
  const auto bound = static_cast<std::int64_t>(std::min(count, mean + 10.0 * std::sqrt(mean * q + 1)));
  std::int64_t x = 0;
  double probability = at_zero, u = random();
  while (u > probability) {
    if (++x > bound) {
      x = 0;
      probability = at_zero;
      u = random();
    } else {
      u -= probability;
      probability = (static_cast<double>(n - x + 1) * p * probability) / (static_cast<double>(x) * q);
    }
  }
  return x;
}

// Kachitvichyanukul and Schmeiser, "Binomial random variate generation" (1988): a triangle, two parallelograms and two
// exponential tails around the mode, accepted or rejected against the density. p <= 0.5; their names for constants.
std::int64_t NumpyRandom::binomial_btpe(std::int64_t n, double p) {
  const double count = static_cast<double>(n), q = 1.0 - p;
  const double fm = count * p + p, m = std::floor(fm);
  const double p1 = std::floor(2.195 * std::sqrt(count * p * q) - 4.6 * q) + 0.5;
  const double xm = m + 0.5, xl = xm - p1, xr = xm + p1, c = 0.134 + 20.5 / (15.3 + m);
  const double left_slope = (fm - xl) / (fm - xl * p), right_slope = (xr - fm) / (xr * q);
  const double laml = left_slope * (1.0 + left_slope / 2.0), lamr = right_slope * (1.0 + right_slope / 2.0);
  const double p2 = p1 * (1.0 + 2.0 * c), p3 = p2 + c / laml, p4 = p3 + c / lamr;
  const double nrq = count * p * q;
  while (true) {
    const double u = random() * p4;
    double v = random(), y;
    if (u <= p1) return static_cast<std::int64_t>(std::floor(xm - p1 * v + u));
    if (u <= p2) {
      const double x = xl + (u - p1) / c;
      v = v * c + 1.0 - std::fabs(m - x + 0.5) / p1;
      if (v > 1.0) continue;
      y = std::floor(x);
    } else if (u <= p3) {
      y = std::floor(xl + std::log(v) / laml);
      if (y < 0 || v == 0.0) continue;
      v = v * (u - p2) * laml;
    } else {
      y = std::floor(xr - std::log(v) / lamr);
      if (y > count || v == 0.0) continue;
      v = v * (u - p3) * lamr;
    }
    const double k = std::fabs(y - m);
    if (k <= 20 || k >= nrq / 2.0 - 1) {  // the density by its recurrence
      const double s = p / q, a = s * (count + 1);
      double f = 1.0;
      for (double i = m + 1; i <= y; ++i) f *= a / i - s;
      for (double i = y + 1; i <= m; ++i) f /= a / i - s;
      if (v > f) continue;
      return static_cast<std::int64_t>(y);
    }
    const double rho = (k / nrq) * ((k * (k / 3.0 + 0.625) + 0.16666666666666666) / nrq + 0.5);
    const double t = -k * k / (2 * nrq), log_v = std::log(v);
    if (log_v < t - rho) return static_cast<std::int64_t>(y);
    if (log_v > t + rho) continue;
    const double x1 = y + 1, f1 = m + 1, z = count + 1 - m, w = count - y + 1;
    if (log_v > xm * std::log(f1 / x1) + (count - m + 0.5) * std::log(z / w) + (y - m) * std::log(w * p / (x1 * q)) +
                    stirling(f1) + stirling(z) + stirling(x1) + stirling(w))
      continue;
    return static_cast<std::int64_t>(y);
  }
}

double numpy_sum(std::span<const double> values) {
  const std::size_t n = values.size();
  if (n < 8) return std::accumulate(values.begin(), values.end(), 0.0);
  if (n <= 128) {
    std::array<double, 8> lanes;
    std::copy_n(values.begin(), 8, lanes.begin());
    std::size_t i = 8;
    for (; i + 8 <= n; i += 8)
      for (std::size_t lane = 0; lane < 8; ++lane) lanes[lane] += values[i + lane];
    double sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    for (; i < n; ++i) sum += values[i];
    return sum;
  }
  std::size_t half = n / 2;
  half -= half % 8;
  return numpy_sum(values.first(half)) + numpy_sum(values.subspan(half));
}

}  // namespace pg::data

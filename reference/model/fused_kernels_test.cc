// The instruction sets against each other on raw memory: every set that this machine can run, and vectors as wide as
// AVX-512's made of narrower ones, are compared with the set that every machine has.
#include "reference/model/fused_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace pg::model {

extern const KernelSet kernels_default;
extern const KernelSet kernels_wide;

namespace {

std::vector<const KernelSet*> other_sets() {
  std::vector<const KernelSet*> sets{usable_kernels().begin() + 1, usable_kernels().end()};
  sets.push_back(&kernels_wide);
  return sets;
}

template <class T>
T element(float x) {
  if constexpr (sizeof(T) == 4) return x;
  std::uint32_t word;
  std::memcpy(&word, &x, sizeof word);
  return static_cast<T>(word >> 16);
}
double value(float x) {
  return x;
}
double value(std::uint16_t x) {
  const std::uint32_t word = static_cast<std::uint32_t>(x) << 16;
  float out;
  std::memcpy(&out, &word, sizeof out);
  return out;
}

template <class T>
std::vector<T> noise(std::int64_t n, double seed) {
  std::vector<T> out;
  for (std::int64_t i = 0; i < n; ++i)
    out.push_back(element<T>(static_cast<float>(std::sin(static_cast<double>(i) * (1.7 + seed)) +
                                                std::sin(static_cast<double>(i * i) * 0.013 + seed))));
  return out;
}

// Units in the last place of the type at the size of the largest entry.
template <class T>
void expect_near(const std::vector<T>& a, const std::vector<T>& b, double ulps) {
  double most = 1e-30, difference = 0;
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(value(b[i])));
    difference = std::max(difference, std::abs(value(a[i]) - value(b[i])));
    ASSERT_FALSE(std::isnan(value(a[i]))) << i;
  }
  EXPECT_LE(difference / most, ulps * (sizeof(T) == 4 ? std::ldexp(1.0, -23) : std::ldexp(1.0, -8)));
}

template <class T>
const AttentionKernels<T>& attention_of(const KernelSet& set) {
  if constexpr (sizeof(T) == 4)
    return set.attention_f32;
  else
    return set.attention_bf16;
}
template <class T>
const RowKernels<T>& rows_of(const KernelSet& set) {
  if constexpr (sizeof(T) == 4)
    return set.f32;
  else
    return set.bf16;
}

template <class T>
struct Attended {
  std::vector<T> out, dq, dk, dv;
  std::vector<float> lse;
};

template <class T>
Attended<T> attend(const KernelSet& set, std::int64_t length, std::int64_t group, std::int64_t width) {
  const AttentionShape shape{length, group, width, group * width, width, 1.0F / std::sqrt(static_cast<float>(width))};
  const std::int64_t q_size = length * group * width, kv_size = length * width;
  const std::vector<T> q = noise<T>(q_size, 0.1), k = noise<T>(kv_size, 0.2), v = noise<T>(kv_size, 0.3);
  const std::vector<T> g = noise<T>(q_size, 0.4);
  const auto sized = [](std::int64_t n) { return std::vector<T>(static_cast<std::size_t>(n)); };
  Attended<T> to{sized(q_size), sized(q_size), sized(kv_size), sized(kv_size), {}};
  to.lse.resize(static_cast<std::size_t>(group * length));
  const AttentionKernels<T>& kernel = attention_of<T>(set);
  // Scratch memory is not cleared between calls: what an earlier one left must not matter.
  std::vector<float> scratch(static_cast<std::size_t>(kernel.scratch(shape)), NAN);
  kernel.forward(shape, q.data(), k.data(), v.data(), to.out.data(), to.lse.data(), scratch.data());
  scratch.assign(static_cast<std::size_t>(kernel.grad_scratch(shape)), NAN);
  kernel.backward(shape, q.data(), k.data(), v.data(), to.out.data(), g.data(), to.lse.data(), to.dq.data(),
                  to.dk.data(), to.dv.data(), scratch.data());
  return to;
}

template <class T>
void compare_attention() {
  for (const std::int64_t length : {1, 5, 47, 48, 49, 96, 131})
    for (const std::int64_t width : {4, 10, 32, 64, 96, 130}) {
      const Attended<T> base = attend<T>(kernels_default, length, 2, width);
      for (const KernelSet* set : other_sets()) {
        SCOPED_TRACE(testing::Message() << set->name << ", length " << length << ", width " << width);
        const Attended<T> other = attend<T>(*set, length, 2, width);
        expect_near(other.out, base.out, 16);
        expect_near(other.lse, base.lse, 16);
        expect_near(other.dv, base.dv, 32);
        if (length == 1) continue;  // nothing but rounding
        expect_near(other.dq, base.dq, 64);
        expect_near(other.dk, base.dk, 64);
      }
    }
}

TEST(FusedKernels, AttentionIsTheSameInEverySet) {
  compare_attention<float>();
  compare_attention<std::uint16_t>();
}

// What a call on rows may write: activations, and floats per row or per channel.
template <class T>
struct Written {
  std::vector<T> a, b;
  std::vector<float> sums;
};

// Calls `call` with every set on fresh memory, [rows, n] twice and `floats` floats, and compares what it wrote.
template <class T, class Call>
void compare(std::int64_t size, std::int64_t floats, const char* what, const Call& call) {
  const auto written = [&](const KernelSet& set) {
    Written<T> to{std::vector<T>(static_cast<std::size_t>(size)), std::vector<T>(static_cast<std::size_t>(size)),
                  std::vector<float>(static_cast<std::size_t>(floats))};
    call(rows_of<T>(set), to);
    return to;
  };
  const Written<T> base = written(kernels_default);
  for (const KernelSet* set : other_sets()) {
    SCOPED_TRACE(testing::Message() << what << " in " << set->name);
    const Written<T> other = written(*set);
    expect_near(other.a, base.a, 8);
    expect_near(other.b, base.b, 8);
    expect_near(other.sums, base.sums, 32);
  }
}

template <class T>
void compare_rows() {
  using Rows = RowKernels<T>;
  for (const std::int64_t n : {1, 3, 15, 16, 17, 64, 1000}) {
    SCOPED_TRACE(n);
    const std::int64_t rows = 3, size = rows * n;
    const auto x = noise<T>(size, 0.1), g = noise<T>(size, 0.2), h = noise<T>(size, 0.3);
    const auto c = noise<float>(2 * n, 0.4);
    const std::vector<float> r{0.9F, 1.1F, 0.7F};
    compare<T>(size, 0, "leaky_relu_squared",
               [&](const Rows& k, auto& to) { k.leaky_relu_squared(x.data(), to.a.data(), size, 0.5F); });
    compare<T>(size, 0, "leaky_relu_squared_grad", [&](const Rows& k, auto& to) {
      k.leaky_relu_squared_grad(g.data(), x.data(), to.a.data(), size, 0.5F);
    });
    compare<T>(size, 0, "add_scaled",
               [&](const Rows& k, auto& to) { k.add_scaled(x.data(), g.data(), c.data(), to.a.data(), rows, n); });
    compare<T>(size, n, "add_scaled_grad", [&](const Rows& k, auto& to) {
      k.add_scaled_grad(g.data(), x.data(), c.data(), to.a.data(), to.sums.data(), rows, n);
    });
    compare<T>(size, 0, "gated_skip", [&](const Rows& k, auto& to) {
      k.gated_skip(x.data(), g.data(), c.data(), c.data() + n, to.a.data(), rows, n);
    });
    compare<T>(size, 2 * n, "gated_skip_grad", [&](const Rows& k, auto& to) {
      k.gated_skip_grad(g.data(), x.data(), h.data(), c.data(), c.data() + n, to.a.data(), to.b.data(), to.sums.data(),
                        to.sums.data() + n, rows, n);
    });
    compare<T>(size, 0, "scale_rows", [&](const Rows& k, auto& to) {
      to.a = x;
      k.scale_rows(to.a.data(), r.data(), rows, n);
    });
    compare<T>(size, rows, "rms_norm", [&](const Rows& k, auto& to) {
      k.rms_norm(x.data(), to.a.data(), to.sums.data(), rows, n, 1e-6F, 0.5F);
    });
    compare<T>(size, rows, "residual_mix_norm", [&](const Rows& k, auto& to) {
      k.residual_mix_norm(x.data(), g.data(), c.data(), to.a.data(), to.b.data(), to.sums.data(), rows, n, 1e-6F, 0.5F);
    });
    compare<T>(size, rows, "add_scaled_norm", [&](const Rows& k, auto& to) {
      k.add_scaled_norm(x.data(), g.data(), c.data(), to.a.data(), to.b.data(), to.sums.data(), rows, n, 1e-6F, 0.5F);
    });
    if (n == 1) continue;  // nothing but rounding in what follows
    compare<T>(size, 0, "rms_norm_grad", [&](const Rows& k, auto& to) {
      k.rms_norm_grad(g.data(), x.data(), r.data(), to.a.data(), rows, n, 0.5F);
    });
    compare<T>(size, 2 * n, "residual_mix_norm_grad", [&](const Rows& k, auto& to) {
      k.residual_mix_norm_grad(g.data(), h.data(), x.data(), g.data(), h.data(), c.data(), r.data(), to.a.data(),
                               to.b.data(), to.sums.data(), rows, n, 0.5F);
    });
    compare<T>(size, n, "add_scaled_norm_grad", [&](const Rows& k, auto& to) {
      k.add_scaled_norm_grad(g.data(), h.data(), x.data(), h.data(), c.data(), r.data(), to.a.data(), to.b.data(),
                             to.sums.data(), rows, n, 0.5F);
    });
    compare<T>(size, 0, "exclude_self",
               [&](const Rows& k, auto& to) { k.exclude_self(x.data(), g.data(), to.a.data(), rows, 1, 1, n); });
    compare<T>(size, 0, "exclude_self_grad", [&](const Rows& k, auto& to) {
      k.exclude_self_grad(g.data(), x.data(), h.data(), to.a.data(), to.b.data(), rows, 1, 1, n);
    });
    const std::vector<std::int64_t> targets{0, n / 2, n - 1};
    for (const bool gradient : {false, true})
      compare<T>(size, rows, "softcap_nll", [&](const Rows& k, auto& to) {
        std::vector<T> z = x;
        std::vector<float> scratch(static_cast<std::size_t>(2 * n));
        k.softcap_nll(z.data(), targets.data(), to.sums.data(), scratch.data(), rows, n, 15.0F, gradient);
        if (gradient) to.a = z;
      });
  }
}

TEST(FusedKernels, RowsAreTheSameInEverySet) {
  compare_rows<float>();
  compare_rows<std::uint16_t>();
}

// Two query heads per position, rotated over the first 2 * half entries.
template <class T>
void compare_rotation() {
  constexpr std::int64_t kRows = 5, kPeriod = 3, kHeads = 2;
  for (const std::int64_t width : {4, 10, 32, 34, 64})
    for (const std::int64_t half : {std::int64_t{2}, width / 2}) {
      SCOPED_TRACE(testing::Message() << "width " << width << ", half " << half);
      const std::int64_t size = kRows * kHeads * width;
      const auto x = noise<T>(size, 0.1), g = noise<T>(size, 0.2);
      const auto cos = noise<T>(kPeriod * half, 0.3), sin = noise<T>(kPeriod * half, 0.4);
      const std::vector<float> gain{1.5F, 0.5F};
      std::vector<float> r;
      for (std::int64_t i = 0; i < kRows * kHeads; ++i) r.push_back(0.5F + 0.1F * static_cast<float>(i));
      compare<T>(size, kRows * kHeads, "norm_rope_gain", [&](const RowKernels<T>& k, auto& to) {
        k.norm_rope_gain(x.data(), cos.data(), sin.data(), gain.data(), to.a.data(), to.sums.data(), 1, kRows, kPeriod,
                         kHeads, width, half, 1e-6F);
      });
      compare<T>(size, kHeads, "norm_rope_gain_grad", [&](const RowKernels<T>& k, auto& to) {
        k.norm_rope_gain_grad(g.data(), x.data(), cos.data(), sin.data(), gain.data(), r.data(), to.a.data(),
                              to.sums.data(), 1, kRows, kPeriod, kHeads, width, half);
      });
    }
}

TEST(FusedKernels, RotationIsTheSameInEverySet) {
  compare_rotation<float>();
  compare_rotation<std::uint16_t>();
}

}  // namespace
}  // namespace pg::model

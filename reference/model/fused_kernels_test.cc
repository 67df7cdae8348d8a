// The instruction sets against each other on raw memory: what this machine runs is compared with the set that every
// machine has.
#include "reference/model/fused_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace pg::model {

extern const Kernels kernels_default;

namespace {

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
const AttentionKernels<T>& attention_of(const Kernels& set) {
  if constexpr (sizeof(T) == 4)
    return set.attention_f32;
  else
    return set.attention_bf16;
}
template <class T>
const RowKernels<T>& rows_of(const Kernels& set) {
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
Attended<T> attend(const Kernels& set, std::int64_t length, std::int64_t group, std::int64_t width) {
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
      SCOPED_TRACE(testing::Message() << "length " << length << " width " << width);
      const Attended<T> base = attend<T>(kernels_default, length, 2, width);
      const Attended<T> wide = attend<T>(kernels(), length, 2, width);
      expect_near(wide.out, base.out, 16);
      expect_near(wide.lse, base.lse, 16);
      expect_near(wide.dv, base.dv, 32);
      if (length == 1) continue;  // nothing but rounding
      expect_near(wide.dq, base.dq, 64);
      expect_near(wide.dk, base.dk, 64);
    }
}

TEST(FusedKernels, AttentionIsTheSameInEverySet) {
  compare_attention<float>();
  compare_attention<std::uint16_t>();
}

template <class T>
void compare_rows() {
  for (const std::int64_t n : {1, 3, 15, 16, 17, 64, 1000}) {
    SCOPED_TRACE(n);
    const std::int64_t rows = 3;
    const auto x = noise<T>(rows * n, 0.1), g = noise<T>(rows * n, 0.2);
    const auto both = [&](auto call) {
      std::vector<T> base(x.size()), wide(x.size());
      call(rows_of<T>(kernels_default), base.data());
      call(rows_of<T>(kernels()), wide.data());
      expect_near(wide, base, 8);
    };
    std::vector<float> r(static_cast<std::size_t>(rows));
    both([&](const RowKernels<T>& k, T* to) { k.rms_norm(x.data(), to, r.data(), rows, n, 1e-6F, 0.5F); });
    if (n > 1)
      both([&](const RowKernels<T>& k, T* to) { k.rms_norm_grad(g.data(), x.data(), r.data(), to, rows, n, 0.5F); });
    both([&](const RowKernels<T>& k, T* to) { k.leaky_relu_squared_grad(g.data(), x.data(), to, rows * n, 0.5F); });
    if (n > 1) both([&](const RowKernels<T>& k, T* to) { k.exclude_self(x.data(), g.data(), to, rows, 1, 1, n); });
    const std::vector<std::int64_t> targets{0, n / 2, n - 1};
    std::vector<float> nll(static_cast<std::size_t>(rows)), scratch(static_cast<std::size_t>(2 * n));
    if (n > 1)
      both([&](const RowKernels<T>& k, T* to) {
        std::copy(x.begin(), x.end(), to);
        k.softcap_nll(to, targets.data(), nll.data(), scratch.data(), rows, n, 15.0F, true);
      });
  }
}

TEST(FusedKernels, RowsAreTheSameInEverySet) {
  compare_rows<float>();
  compare_rows<std::uint16_t>();
}

}  // namespace
}  // namespace pg::model
